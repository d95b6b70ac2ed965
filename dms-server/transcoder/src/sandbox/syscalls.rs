//! seccomp: the system calls that decoding, encoding and threads need, and no others.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// System calls that may be made in any way.
const ALWAYS: &[i64] = &[
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getcpu,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_lseek,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_pread64,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_sigaltstack,
    libc::SYS_sysinfo,
    libc::SYS_tgkill,
    libc::SYS_uname,
    libc::SYS_write,
    libc::SYS_writev,
];

/// What creating files in the debug folder takes; Landlock says in which folder.
const FOLDER: &[i64] = &[
    libc::SYS_openat,
    libc::SYS_mkdirat,
    libc::SYS_statx,
    libc::SYS_newfstatat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mkdir,
];

/// Leaves the list of system calls; others fail with "operation not permitted".
///
/// # Errors
/// What is missing, in words.
pub fn restrict(folder: bool) -> Result<(), String> {
    let program = |allowed: Result<Rules, seccompiler::BackendError>, rest, listed| {
        let arch = TargetArch::try_from(std::env::consts::ARCH)?;
        let filter = SeccompFilter::new(allowed?, rest, listed, arch)?;
        BpfProgram::try_from(filter)
    };
    // The flags of clone3 lie in memory where a filter cannot see them. "Not implemented" makes
    // libc fall back to clone, whose flags can be seen.
    let clone3 = program(
        Ok(Rules::from([(libc::SYS_clone3, Vec::new())])),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS as u32),
    );
    let others = SeccompAction::Errno(libc::EPERM as u32);
    let list = program(rules(folder), others, SeccompAction::Allow);
    for program in [clone3, list] {
        let program = program.map_err(|e| format!("no seccomp filter for this machine: {e}"))?;
        apply_filter(&program).map_err(|e| format!("the kernel refuses seccomp: {e}"))?;
    }
    Ok(())
}

fn rules(folder: bool) -> Result<Rules, seccompiler::BackendError> {
    let mut rules: Rules = ALWAYS.iter().map(|&call| (call, Vec::new())).collect();
    // The first filter answers it; this one must not answer differently.
    rules.insert(libc::SYS_clone3, Vec::new());
    let executable = libc::PROT_EXEC as u64;
    let conditional = [
        // Threads, but no processes.
        (libc::SYS_clone, 0, SeccompCmpOp::MaskedEq(THREAD), THREAD),
        // Memory, but none that can be executed.
        (libc::SYS_mmap, 2, SeccompCmpOp::MaskedEq(executable), 0),
        (libc::SYS_mprotect, 2, SeccompCmpOp::MaskedEq(executable), 0),
        // The size of an opened file, but nothing about a path.
        (
            libc::SYS_newfstatat,
            3,
            SeccompCmpOp::MaskedEq(OPENED),
            OPENED,
        ),
        (libc::SYS_statx, 2, SeccompCmpOp::MaskedEq(OPENED), OPENED),
        // Reading limits, but not setting them.
        (libc::SYS_prlimit64, 2, SeccompCmpOp::Eq, 0),
        // Names of threads.
        (
            libc::SYS_prctl,
            0,
            SeccompCmpOp::Eq,
            libc::PR_SET_NAME as u64,
        ),
    ];
    for (call, argument, operator, value) in conditional {
        let length = SeccompCmpArgLen::Qword;
        let condition = SeccompCondition::new(argument, length, operator, value)?;
        rules.insert(call, vec![SeccompRule::new(vec![condition])?]);
    }
    rules.insert(libc::SYS_fstat, Vec::new());
    if folder {
        rules.extend(FOLDER.iter().map(|&call| (call, Vec::new())));
    }
    Ok(rules)
}

const THREAD: u64 = libc::CLONE_THREAD as u64;
const OPENED: u64 = libc::AT_EMPTY_PATH as u64;
