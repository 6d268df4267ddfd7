# The public names of nono.supervisor and their homes. There is no other list: see broker/face.py.
from nono.broker.errors import NonoError as NonoError
from nono.supervisor.audit.writer import AuditOptions as AuditOptions
from nono.supervisor.decisions.denials import Denial as Denial
from nono.supervisor.errors import BrokenError as BrokenError
from nono.supervisor.errors import CommandError as CommandError
from nono.supervisor.errors import StartError as StartError
from nono.supervisor.errors import UsageError as UsageError
from nono.supervisor.planning.make_plan import make_plan as make_plan
from nono.supervisor.planning.options import Options as Options
from nono.supervisor.planning.plan import Plan as Plan
from nono.supervisor.sandbox import Completed as Completed
from nono.supervisor.sandbox import Sandbox as Sandbox
from nono.supervisor.sandbox import open_sandbox as open_sandbox
from nono.supervisor.sandbox import run as run
