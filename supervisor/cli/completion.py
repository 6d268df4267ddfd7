"""`nono completion SHELL`: what a shell reads to complete command lines of nono's."""

from __future__ import annotations

import os

import click

from nono.supervisor.cli.messages import tell
from nono.supervisor.errors import UsageError

SHELLS = ("bash", "zsh", "fish")


def script(shell: str) -> str:
    """The text that a shell is to read: one of SHELLS."""
    path = os.path.join(os.path.dirname(__file__), f"completion.{shell}")
    with open(path, encoding="utf-8") as file:
        return file.read()


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--answer", is_flag=True, hidden=True, help="Answer the script of a shell.")
@click.argument("words", metavar=f"[{'|'.join(SHELLS)}]", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def completion(ctx: click.Context, /, answer: bool, words: tuple[str, ...]) -> None:
    """Print what completes nono's command lines in a shell: options, paths, profiles, runs.

    After `--` it is the command's own completion. For bash: eval "$(nono completion bash)" in
    ~/.bashrc. For zsh the same in ~/.zshrc, after compinit. For fish: nono completion fish | source
    in ~/.config/fish/config.fish. Installed below /usr or /usr/local, shells find it by themselves.
    """
    if answer:
        # What only a shell asks for is loaded only then.
        from nono.supervisor.cli.completion_words import answers

        *before, current = words or ("",)
        tell(answers(ctx.find_root().command, before, current))
        return
    if len(words) != 1 or words[0] not in SHELLS:
        raise UsageError(f"which shell: {', '.join(SHELLS)}?", "nono completion bash")
    tell([script(words[0]).rstrip("\n")])
