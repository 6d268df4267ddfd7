def interrupt():
    await_that(lambda: os.path.exists("started"))
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt).start()
try:
    run(["sh", "-c", "sleep 1000 & : > started; sleep 1000"], policy, capture_output=True)
except KeyboardInterrupt:
    print("interrupted")
await_that(lambda: len(below(os.getpid())) == 1)
