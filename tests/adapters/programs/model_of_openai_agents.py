import json

from agents import ModelResponse, Usage, set_tracing_disabled
from agents.models.interface import Model
from openai.types.responses import ResponseCustomToolCall, ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText

set_tracing_disabled(True)


class Calling(Model):
    """A model that calls these tools in turn; arguments may take the session's number."""

    def __init__(self, *calls):
        self.calls, self.said = list(calls), []

    async def get_response(self, *, input, **rest):
        items = input if isinstance(input, list) else []
        self.said = [str(each["output"]) for each in items if str(each.get("type")).endswith("_output")]
        number = len(self.said)
        if number == len(self.calls):
            text = ResponseOutputText(text="done", type="output_text", annotations=[])
            message = ResponseOutputMessage(id="m", content=[text], role="assistant", status="completed", type="message")
            return ModelResponse(output=[message], usage=Usage(), response_id=None)
        name, given = self.calls[number]
        running = next((each for each in reversed(self.said) if "session ID" in each), "session ID 0")
        if isinstance(given, str):
            call = ResponseCustomToolCall(call_id=f"call-{number}", name=name, input=given, type="custom_tool_call")
        else:
            given = {**given, "session_id": int(running.split("session ID ")[1].split()[0])} if name == "write_stdin" else given
            call = ResponseFunctionToolCall(call_id=f"call-{number}", name=name, arguments=json.dumps(given), type="function_call")
        return ModelResponse(output=[call], usage=Usage(), response_id=None)

    async def stream_response(self, *args, **rest):
        raise NotImplementedError


