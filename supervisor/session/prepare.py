"""From a plan to everything that a sandbox needs before a process can be started in it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence

from nono.broker import Access, Allow, Mode, Open
from nono.broker.dataclass import replace
from nono.broker.named_tuple import NamedTuple
from nono.broker.requests import RecordedProcess
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.decisions.shared_names import missed, pointed_at
from nono.supervisor.places import run_name
from nono.supervisor.session.abandoned import Claim, claim, remove_abandoned
from nono.supervisor.session.own_inodes import separate
from nono.supervisor.session.tmpdir import make_directory, make_tmpdir, remove_tree

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.broker.asking.question import Ask
    from nono.broker.counting.tally import Tally
    from nono.broker.limits import Reached
    from nono.supervisor.asking.asking import Asking
    from nono.supervisor.asking.channels import Channels
    from nono.supervisor.audit.writer import Audit, AuditOptions
    from nono.supervisor.credentials.proxy import CredentialProxy
    from nono.supervisor.decisions.complete import Complete
    from nono.supervisor.decisions.witness import Witness
    from nono.supervisor.planning.plan import Plan
    from nono.supervisor.proxy.proxy import NetworkProxy
    from nono.supervisor.session.kept_start import Start

    if sys.platform == "darwin":
        from nono.supervisor.macos.confine import Confinement
    else:
        from nono.supervisor.linux.confine import Confinement


class Prepared(NamedTuple):
    """Close it when no process can be started in it any more."""

    decisions: Decisions
    confinement: Confinement
    credentials: CredentialProxy | None
    """What has to be served where services are used."""
    audit: Audit | None
    """Where decisions are written down, if they are."""
    tmpdir: str
    notes: tuple[str, ...] = ()
    claim: Claim | None = None
    """What tells later runs that the TMPDIR is in use."""
    asking: Asking | None = None
    """Who is asked about what no rule decides, if anybody is."""
    tally: Tally | None = None
    """Where calls are counted, if they are."""
    proxy: NetworkProxy | None = None
    """What has to be served where hosts are reached by it alone."""

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """The environment of a program that is to get `env`."""
        made = {**pointed_at(self.tmpdir, env), **env, "TMPDIR": self.tmpdir}
        made = made if self.credentials is None else self.credentials.environment(made)
        return made if self.proxy is None else self.proxy.environment(made)

    def remove_left_behind(self) -> list[str]:
        """Remove what the program made in shared places and nobody granted it there.

        Returns the paths of the files that a person may miss. For when no process is left.
        """
        return missed(self.confinement.remove_left_behind(self._is_granted))

    @property
    def may_have_written(self) -> bool:
        """False when no program made a call that could make a name or write into a file."""
        return self.confinement.may_have_changed

    def words(self) -> list[str]:
        """What is told of the run besides what its policy refused."""
        if sys.platform == "darwin":
            return list(self.confinement.words())
        return [f"nono: {each.summary}" for each in self.reached()]

    def reached(self) -> list[Reached]:
        """The limits that were reached."""
        if sys.platform == "darwin" or self.confinement.limits is None:
            return []
        return self.confinement.limits.all_reached()

    @property
    def proxy_faults(self) -> list[str]:
        """Tracebacks of what failed in our own code while the proxies were served."""
        services = () if self.credentials is None else self.credentials.issued.faults.texts
        return [*services, *(() if self.proxy is None else self.proxy.faults)]

    @property
    def asking_faults(self) -> list[str]:
        """Tracebacks of what failed while somebody was asked, in what was given as `ask` too."""
        return [] if self.asking is None else self.asking.dispatch.faults.texts

    def _is_granted(self, path: str) -> bool:
        """True where the program may write whatever is there, so that it is left to stay."""
        writing = Open(RecordedProcess(0), path, Access.WRITE)
        return isinstance(self.decisions.policy.decide(writing), Allow)

    def close(self) -> None:
        if self.asking is not None:
            self.asking.close()
        if self.credentials is not None:
            self.credentials.close()
        if self.proxy is not None:
            self.proxy.close()
        if self.audit is not None:
            self.audit.close()
        self.remove_left_behind()
        self.confinement.close()
        remove_tree(self.tmpdir)
        if self.claim is not None:
            self.claim.end()


def prepare(
    plan: Plan,
    *,
    best_effort: bool = False,
    broker: bool = True,
    audit: AuditOptions | None = None,
    witness: Witness | None = None,
    channels: Channels | None = None,
    tally: Tally | None = None,
    start: Start | None = None,
) -> Prepared:
    """Complete the policy, compute the floor, make what holds a program to it, and the TMPDIR.

    Without a `broker` the floor is everything that the program may do. Raises StartError when
    the kernel cannot enforce the policy, unless `best_effort`. With `audit` every decision is
    recorded; there is none without a broker. A `witness` is told instead. `channels` are asked
    about what no rule decides, where the plan's default says so. The keys of the plan's services
    are loaded, and added to requests by a proxy: NonoError when one is missing, UsageError where
    services cannot be used. Directories that the plan has to make are made. With a `tally` calls
    are counted in it. A `start` may know already what all of this comes to.
    """
    if sys.platform == "darwin" and plan.policy.network.mode is Mode.FILTERED:
        plan = replace(plan, by_proxy=True)  # the kernel there knows no hosts
    separate(os.environ if audit is None or audit.env is None else audit.env)
    if plan.caches is not None:
        from nono.supervisor.session.caches_directory import make_caches  # seldom needed

        make_caches(plan.caches.root, plan.caches.name, [place for _, place in plan.caches.state])
    awaited = {each for each in plan.to_make if not os.path.lexists(each)}
    for directory in plan.to_make:
        make_directory(directory)
    if plan.new_directories:
        from nono.supervisor.session.new_directories import make_directories

        make_directories(plan.new_directories)
    lacks = _check_machine(plan, best_effort, broker)
    env = os.environ if audit is None or audit.env is None else audit.env
    remove_abandoned(env)
    tmpdir = make_tmpdir("" if start is None else start.tmpdir)
    with contextlib.ExitStack() as undo:
        claimed = claim(tmpdir, env)
        if claimed is not None:
            undo.callback(claimed.end)
        undo.callback(remove_tree, tmpdir)
        log = _open_audit(audit) if broker or plan.by_proxy else None
        if log is not None:
            undo.callback(log.close)
        credentials = _credential_proxy(plan) if broker else None
        if credentials is not None:
            undo.callback(credentials.close)
            credentials.issued.usage.audit = log
        proxy = _network_proxy(plan, broker)
        if proxy is not None:
            undo.callback(proxy.close)

        def completed() -> Complete:
            from nono.supervisor.decisions.always import complete  # which few starts need

            return complete(
                plan,
                broker=broker,
                tmpdir=tmpdir,
                proxy_port=None if credentials is None else credentials.port,
                network_port=None if proxy is None else proxy.port,
                env=None if audit is None else audit.env,
            )

        made = completed() if start is None else start.complete(plan, tmpdir, completed)
        decisions = made.decisions(log if witness is None else witness, _kind(tally))
        decisions.awaited |= awaited
        library = _preload(plan, made, decisions, audit, env) if broker else ""
        own_proxy = None if proxy is None else proxy.port
        confinement = _confine(
            plan, made, decisions, tmpdir, library, broker, best_effort, own_proxy
        )
        undo.callback(confinement.close)
        if log is not None:
            log.start(made.policy, tmpdir, b"" if start is None else start.packed_policy)
        is_asked = broker or plan.by_proxy
        asking = _asking(plan, decisions, channels, log, tmpdir) if is_asked and channels else None
        if proxy is not None:
            permit = None if asking is None else asking.permit
            proxy.decide_by(decisions, permit, confinement.client_of_proxy)
        undo.pop_all()
        notes = (*made.notes, *lacks, *filter(None, [confinement.weaker]), *_less(confinement))
        return Prepared(
            decisions, confinement, credentials, log, tmpdir, notes, claimed, asking, tally, proxy
        )


def _less(confinement: Confinement) -> Sequence[str]:
    """What of its limits a sandbox is held to less well."""
    if sys.platform == "darwin" or confinement.limits is None:
        return ()
    return confinement.limits.notes


def prepare_in_host(
    plan: Plan, best_effort: bool, audit: AuditOptions | None, ask: Ask | None
) -> Prepared:
    """As `prepare`, in a program that uses the library. `ask` answers what no rule decides."""
    # What the command never needs is loaded only then.
    from nono.supervisor.session import loaded

    loaded.load_everything()
    if ask is not None or plan.policy.network.mode is not Mode.BLOCKED:
        loaded.load_what_resolves()
    channels = None
    if ask is not None:
        from nono.supervisor.asking.channels import of_callback

        loaded.load_what_asks()
        channels = of_callback(ask)
    return prepare(plan, best_effort=best_effort, audit=audit, channels=channels)


def _kind(tally: Tally | None) -> type[Decisions]:
    if tally is None:
        return Decisions
    # What only a run that counts its calls needs is loaded only then.
    from nono.supervisor.decisions.counted import CountedDecisions

    return CountedDecisions


def _check_machine(plan: Plan, best_effort: bool, broker: bool) -> list[str]:
    """What this machine holds a program to less well. Raises StartError, UsageError.

    The door to the platform: it is opened here, and nowhere while a policy is only looked at.
    """
    if sys.platform == "darwin":
        from nono.supervisor.macos.confine import check_differences, check_system

        check_system()
        limited = plan.limits is not None and plan.limits.of_machine
        return check_differences(plan.policy, best_effort, limited=limited)
    from nono.supervisor.linux.confine import check_kernel, weaker

    return list(filter(None, [weaker(check_kernel(best_effort, broker), broker)]))


def _confine(
    plan: Plan,
    made: Complete,
    decisions: Decisions,
    tmpdir: str,
    library: str,
    broker: bool,
    best_effort: bool,
    own_proxy: int | None,
) -> Confinement:
    """What holds the programs. Raises StartError, OSError; UsageError, BrokenError."""
    if sys.platform == "darwin":
        from nono.supervisor.macos.confine import confine

        return confine(made.policy, decisions, run_name(tmpdir))
    from nono.supervisor.linux.confine import confine

    limits = None
    if plan.limits is not None and plan.limits.of_machine:
        # What only a run with limits needs is loaded only then.
        from nono.supervisor.linux.limits.holding import hold

        limits = hold(plan.limits, broker=broker, best_effort=best_effort)
    return confine(
        made,
        broker=broker,
        best_effort=best_effort,
        nameservers=plan.nameservers,
        proxy=plan.upstream_proxy,
        own_proxy=own_proxy,
        preload=library,
        limits=limits,
    )


def _preload(
    plan: Plan,
    made: Complete,
    decisions: Decisions,
    audit: AuditOptions | None,
    env: Mapping[str, str],
) -> str:
    """The library that programs load first; empty for none.

    NONO_PRELOAD=no, which is for tests and comparisons, leaves it out of every run.
    """
    if not plan.preload or made.is_by_name or os.environ.get("NONO_PRELOAD") == "no":
        return ""
    from nono.supervisor.decisions.preloaded import loaded_by, named  # which few runs go without

    required = audit is not None and audit.required
    library = loaded_by(decisions, {**made.copies, **made.cleaned}, required)
    return library and named(library, env)


def _asking(
    plan: Plan, decisions: Decisions, channels: Channels, log: Audit | None, tmpdir: str
) -> Asking | None:
    # What only a run that may ask needs is loaded only then.
    from nono.supervisor.asking.opening import open_asking

    return open_asking(plan, decisions, channels, log, run_name(tmpdir))


def _open_audit(options: AuditOptions | None) -> Audit | None:
    if options is None:
        return None
    from nono.supervisor.audit.writer import open_audit

    return open_audit(options)


def _credential_proxy(plan: Plan) -> CredentialProxy | None:
    if not plan.services:
        return None
    from nono.supervisor.credentials.proxy import CredentialProxy

    return CredentialProxy(plan.services, os.environ, plan.nameservers, plan.upstream_proxy)


def _network_proxy(plan: Plan, broker: bool) -> NetworkProxy | None:
    if not plan.by_proxy:
        return None
    from nono.supervisor.proxy.proxy import NetworkProxy

    return NetworkProxy(plan.nameservers, plan.upstream_proxy, local=broker)
