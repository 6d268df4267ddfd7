"""Values of extended attributes of what may not be read."""

import os

from tests.attacks.conftest import Attack
from tests.attacks.scene import Scene


def test_no_value_of_a_denied_file_is_read(scene: Scene, attack: Attack) -> None:
    for path, text in zip((scene.file, scene.inner), scene.secrets, strict=True):
        os.setxattr(path, "user.kept", text.encode())
    os.setxattr(scene.directory, "user.kept", b"of a directory")
    outcome = attack(scene, "attributes", scene.work, *scene.denied, scene.plain)
    assert outcome.won == []
    assert len(outcome.attempts) > 30
    assert outcome.attempts["honest"].startswith("b'as it was'")
    buffers = {result for name, result in outcome.attempts.items() if name.startswith("buffer")}
    assert buffers == {"14"}
