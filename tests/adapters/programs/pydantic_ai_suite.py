"""Pydantic AI's own tests of a workspace, as `pytest` finds them in a user's project."""

import pytest
from pydantic_ai.workspaces.conformance import WorkspaceBackendSuite

from nono.adapters.pydantic_ai import NonoBackend


class TestNono(WorkspaceBackendSuite):
    @pytest.fixture(scope="class")
    def anyio_backend(self):
        return "asyncio"

    @pytest.fixture(scope="class")
    async def backend(self, tmp_path_factory):
        async with NonoBackend(directory=tmp_path_factory.mktemp("work")) as backend:
            yield backend

    @pytest.fixture
    async def fresh_backend(self, tmp_path):
        made = []
        yield lambda: made.append(NonoBackend(below=tmp_path)) or made[-1]
        for backend in made:
            await backend.close()

    @pytest.fixture
    def attach_backend(self, tmp_path):
        def attach(ref):
            where = {"directory": ref.id} if ref.id.startswith("/") else {"below": tmp_path}
            return NonoBackend(ref=ref, **where)

        return attach

    @pytest.fixture
    def destroy_environment(self):
        return lambda backend: backend.destroy()


class TestTrio(TestNono):
    @pytest.fixture(scope="class")
    def anyio_backend(self):
        return "trio"
