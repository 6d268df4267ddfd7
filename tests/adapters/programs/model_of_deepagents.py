from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult


class Calling(BaseChatModel):
    """A model that calls these tools in turn."""

    calls: list

    @property
    def _llm_type(self):
        return "calling"

    def bind_tools(self, tools, **rest):
        return self

    def _generate(self, messages, stop=None, run_manager=None, **rest):
        number = sum(isinstance(each, ToolMessage) for each in messages)
        message = AIMessage("done")
        if number < len(self.calls):
            name, args = self.calls[number]
            message = AIMessage("", tool_calls=[{"name": name, "args": args, "id": f"call-{number}"}])
        return ChatResult(generations=[ChatGeneration(message=message)])


