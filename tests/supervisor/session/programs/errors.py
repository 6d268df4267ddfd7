async def main():
    async with open_sandbox(policy) as box:
        for wrong, options in (
            ("true", {}), ([], {}), (["true", "a\0b"], {}), (["true"], {"env": {"A": "\0"}}),
            (["true"], {"cwd": "absent"}), (["./absent"], {}),
        ):
            try:
                await box.run(wrong, **options)
            except Exception as error:
                print(type(error).__name__)
    try:
        await box.run(["true"])
    except UsageError as error:
        print(error)
trio.run(main)
