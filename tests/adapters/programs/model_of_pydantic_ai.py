from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel


def calling(*calls):
    """A model that calls these tools in turn, and then says what they have said."""

    def answer(messages, info):
        said = [str(part.content) for m in messages for part in m.parts if isinstance(part, ToolReturnPart)]
        if len(said) < len(calls):
            return ModelResponse(parts=[ToolCallPart(*calls[len(said)])])
        return ModelResponse(parts=[TextPart("\n----\n".join(said))])

    return FunctionModel(answer)


