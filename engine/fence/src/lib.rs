//! What a process gives up before it touches what nobody trusts: a skill's code, a model's file.
//!
//! Two fences, each enough by itself, so that a hole in one is no way out: Landlock takes away all
//! files and sockets that have a name, but for files that are to be read, and seccomp all system calls but
//! those that computing takes. Elsewhere than on Linux there is none; what remains is a process of its own.

use std::path::Path;

/// What a process keeps.
#[derive(Clone, Copy, Default)]
pub struct Fence<'a> {
    /// Files it goes on reading, by name; they must be there.
    pub reads: &'a [&'a Path],
    /// What may be asked of a descriptor: `ioctl`'s requests.
    pub requests: &'a [u64],
    /// Whether streams are handed to it while it works.
    pub takes_streams: bool,
    /// The most memory it may ask for, bytes of addresses; a share of files counts.
    pub memory: Option<u64>,
}

/// Why a fence could not be put up.
#[derive(Debug, thiserror::Error)]
#[error("this process cannot be shut in by {fence}: {reason}")]
pub struct NotConfined {
    /// Its name.
    fence: &'static str,
    /// Why.
    reason: String,
}

/// Shuts this thread, and all that it starts from now on, in; returns the names of the fences that
/// stand. To be called before any other thread runs. A fence that the system does not know is left
/// out.
///
/// # Errors
/// A fence that the system knows could not be put up.
#[cfg(target_os = "linux")]
pub fn confine(keep: &Fence<'_>) -> Result<Vec<String>, NotConfined> {
    let mut fences = Vec::new();
    for (name, fence) in [
        ("limits", limits as fn(&Fence<'_>) -> Result<bool, String>),
        ("landlock", landlock),
        ("seccomp", seccomp),
    ] {
        let stands = fence(keep).map_err(|reason| NotConfined {
            fence: name,
            reason,
        })?;
        if stands {
            fences.push(name.to_owned());
        }
    }
    Ok(fences)
}

/// As on Linux; there is no fence here.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn confine(_: &Fence<'_>) -> Result<Vec<String>, NotConfined> {
    Ok(Vec::new())
}

/// No core dumps, which would be files, and few descriptors.
#[cfg(target_os = "linux")]
fn limits(keep: &Fence<'_>) -> Result<bool, String> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let memory = keep.memory.map(|most| (Resource::As, most));
    for (resource, most) in [(Resource::Core, 0), (Resource::Nofile, 64)]
        .into_iter()
        .chain(memory)
    {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit).map_err(|error| error.to_string())?;
    }
    Ok(true)
}

/// Has this process end after so much of a processor's time: a component is compiled in no time, or
/// made to keep a compiler busy.
///
/// # Errors
/// As [`confine`].
#[cfg(unix)]
pub fn limit_time(seconds: u64) -> Result<(), NotConfined> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = Rlimit {
        current: Some(seconds),
        maximum: Some(seconds),
    };
    setrlimit(Resource::Cpu, limit).map_err(|error| NotConfined {
        fence: "limits",
        reason: error.to_string(),
    })
}

#[cfg(target_os = "linux")]
fn landlock(keep: &Fence<'_>) -> Result<bool, String> {
    use landlock::{
        ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
        Scope, path_beneath_rules,
    };
    // The newest that this program knows; the crate asks for as much of it as the system has.
    const NEWEST: ABI = ABI::V6;
    let fenced = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(NEWEST)))
        .and_then(|rules| rules.scope(Scope::from_all(NEWEST)))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(path_beneath_rules(keep.reads, AccessFs::ReadFile)))
        .and_then(landlock::RulesetCreated::restrict_self);
    let status = fenced.map_err(|error| error.to_string())?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

/// Calls that are not on the list fail as if they were not allowed. That ends nothing: a library
/// that tries something it can do without goes on.
#[cfg(target_os = "linux")]
fn seccomp(keep: &Fence<'_>) -> Result<bool, String> {
    use seccompiler::{
        BpfProgram, SeccompAction,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::{Eq, MaskedEq},
        SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
    };
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| text(&error))?;
    let calls = ALLOWED.iter().map(|call| (*call, Vec::new()));
    let request = |request: &u64| {
        SeccompCondition::new(1, Dword, Eq, *request).and_then(|asks| SeccompRule::new(vec![asks]))
    };
    let requests: Result<Vec<_>, _> = keep.requests.iter().map(request).collect();
    let requests = requests.map_err(|error| text(&error))?;
    // A call without a rule is allowed whatever it asks.
    let requests = (!requests.is_empty()).then_some((libc::SYS_ioctl, requests));
    // What is opened by name is opened for reading; which names those are, Landlock says.
    let writes = (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC).unsigned_abs();
    let reads = SeccompCondition::new(2, Dword, MaskedEq(writes.into()), 0)
        .and_then(|reads| SeccompRule::new(vec![reads]))
        .map_err(|error| text(&error))?;
    let opens = (!keep.reads.is_empty()).then(|| {
        [
            (libc::SYS_openat, vec![reads]),
            (libc::SYS_newfstatat, Vec::new()),
            (libc::SYS_statx, Vec::new()),
        ]
    });
    let takes = keep
        .takes_streams
        .then(|| TAKING.map(|call| (call, Vec::new())));
    let rules = calls
        .chain(takes.into_iter().flatten())
        .chain(requests)
        .chain(opens.into_iter().flatten())
        .collect();
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(rules, denied, SeccompAction::Allow, arch);
    let filter = filter.map_err(|error| text(&error))?;
    let program = BpfProgram::try_from(filter).map_err(|error| text(&error))?;
    seccompiler::apply_filter(&program).map_err(|error| text(&error))?;
    Ok(true)
}

/// What taking streams takes, waiting for them, and closing them.
#[cfg(target_os = "linux")]
const TAKING: [libc::c_long; 3] = [libc::SYS_recvmsg, libc::SYS_setsockopt, libc::SYS_shutdown];

/// What computing takes: memory, threads of this process, signals to itself, the clock, and descriptors
/// that are open already.
#[cfg(target_os = "linux")]
const ALLOWED: &[libc::c_long] = &[
    // What comes and goes, and what is logged.
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_close,
    libc::SYS_fcntl,
    libc::SYS_fstat,
    libc::SYS_ppoll,
    // Memory.
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    libc::SYS_memfd_create,
    libc::SYS_ftruncate,
    libc::SYS_lseek,
    // Threads.
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Signals: how a crash within WebAssembly is caught, and how this process ends itself.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_tgkill,
    libc::SYS_restart_syscall,
    // The clock and chance.
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_getrandom,
];
