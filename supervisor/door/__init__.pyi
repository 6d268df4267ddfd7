# The public names of nono and their homes. There is no other list: see broker/face.py.
from nono.broker.asking.question import Answer as Answer
from nono.broker.asking.question import Question as Question
from nono.broker.errors import NonoError as NonoError
from nono.broker.errors import PolicyError as PolicyError
from nono.broker.limits import Reached as Reached
from nono.supervisor.audit.writer import AuditOptions as AuditOptions
from nono.supervisor.decisions.denials import Denial as Denial
from nono.supervisor.errors import BrokenError as BrokenError
from nono.supervisor.errors import CommandError as CommandError
from nono.supervisor.errors import StartError as StartError
from nono.supervisor.errors import UsageError as UsageError
from nono.supervisor.library.asynchronous import AsyncProcess as AsyncProcess
from nono.supervisor.library.asynchronous import AsyncSandbox as AsyncSandbox
from nono.supervisor.library.asynchronous import arun as arun
from nono.supervisor.library.executor import SandboxExecutor as SandboxExecutor
from nono.supervisor.library.files import Entry as Entry
from nono.supervisor.library.pipes import DEVNULL as DEVNULL
from nono.supervisor.library.pipes import PIPE as PIPE
from nono.supervisor.library.pipes import STDOUT as STDOUT
from nono.supervisor.library.plain import Process as Process
from nono.supervisor.library.plain import Sandbox as Sandbox
from nono.supervisor.library.plain import run as run
from nono.supervisor.library.policy import Policy as Policy
from nono.supervisor.library.policy import Profile as Profile
from nono.supervisor.library.results import CalledProcessError as CalledProcessError
from nono.supervisor.library.results import Completed as Completed
from nono.supervisor.library.results import ProgramError as ProgramError
from nono.supervisor.library.results import TimeoutExpired as TimeoutExpired
from nono.supervisor.library.task_errors import RemoteError as RemoteError
from nono.supervisor.library.task_errors import TaskError as TaskError
from nono.supervisor.library.task_errors import TaskTimeout as TaskTimeout
from nono.supervisor.planning.options import Options as Options
from nono.supervisor.planning.plan import Plan as Plan

__version__: str
