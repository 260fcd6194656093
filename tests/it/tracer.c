/* Runs a program and fails one of its system calls that write, or logs them. Used by
 * failing_calls.rs and power_cuts.rs. System calls are seen as the kernel gets them, so that those
 * made without the C library count too. Linux on x86_64.
 *
 * usage: tracer AT HOW COUNT LOG PROGRAM ARGUMENT...
 *
 * AT     which call fails, from 1; 0: none
 * HOW    the name of an errno; SHORT: half of a write; KILL: the end of the process before the call;
 *        TORN: half of a write, or another call as a whole, then the end of the process;
 *        LIE: the program is told that the call was done. THREAD: no thread can be started.
 *        With a + behind it, all later calls fail too, where such a disk fails them.
 * COUNT  a file that takes the number of calls
 * LOG    a file that takes the calls, or -; each is a line `NAME\tPATH\tPATH\tOFFSET\tLENGTH` and
 *        LENGTH bytes of content */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum kind { WRITES, GROWS, SYNCS, NAMES, MARKS, OPENS, THREADS };

static const struct call {
    long number;
    const char *name;
    enum kind kind;
    int has_fd; /* whether the first argument is an open file */
} calls[] = {
    {SYS_write, "write", WRITES, 1},         {SYS_pwrite64, "pwrite", WRITES, 1},
    {SYS_writev, "writev", GROWS, 1},        {SYS_pwritev, "pwritev", GROWS, 1},
    {SYS_pwritev2, "pwritev2", GROWS, 1},    {SYS_sendfile, "sendfile", GROWS, 1},
    {SYS_truncate, "truncate", GROWS, 0},    {SYS_ftruncate, "ftruncate", GROWS, 1},
    {SYS_fallocate, "fallocate", GROWS, 1},  {SYS_copy_file_range, "copy", GROWS, 0},
    {SYS_fsync, "fsync", SYNCS, 1},          {SYS_fdatasync, "fsync", SYNCS, 1},
    {SYS_sync_file_range, "fsync", SYNCS, 1},
    {SYS_rename, "rename", NAMES, 0},        {SYS_renameat, "renameat", NAMES, 0},
    {SYS_renameat2, "renameat", NAMES, 0},   {SYS_link, "link", GROWS, 0},
    {SYS_linkat, "linkat", GROWS, 0},        {SYS_unlink, "unlink", NAMES, 0},
    {SYS_unlinkat, "unlinkat", NAMES, 0},    {SYS_mkdir, "mkdir", GROWS, 0},
    {SYS_mkdirat, "mkdirat", GROWS, 0},      {SYS_rmdir, "rmdir", NAMES, 0},
    {SYS_chmod, "chmod", MARKS, 0},          {SYS_fchmod, "chmod", MARKS, 1},
    {SYS_fchmodat, "chmod", MARKS, 0},       {SYS_chown, "chown", MARKS, 0},
    {SYS_fchown, "chown", MARKS, 1},         {SYS_fchownat, "chown", MARKS, 0},
    {SYS_open, "open", OPENS, 0},            {SYS_openat, "openat", OPENS, 0},
    {SYS_creat, "creat", OPENS, 0},          {SYS_clone, "clone", THREADS, 0},
    {SYS_clone3, "clone", THREADS, 0},
};
#define CALLS (sizeof calls / sizeof *calls)

static pid_t program;
static long at, count;
static char how[16];
static int stays;
static FILE *logged;

static void give_up(const char *what) {
    perror(what);
    exit(99);
}

static void trace_me(char **arguments) {
    struct sock_filter filter[2 * CALLS + 2];
    size_t length = 0;
    filter[length++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < CALLS; i++) {
        filter[length++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 1);
        filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
    }
    filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog all = {.len = length, .filter = filter};
    if (ptrace(PTRACE_TRACEME, 0, 0, 0)) give_up("ptrace");
    raise(SIGSTOP);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) give_up("no new privileges");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all)) give_up("seccomp");
    execv(arguments[0], arguments);
    give_up(arguments[0]);
}

static void bytes_of(pid_t pid, unsigned long from, char *to, size_t length) {
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/mem", pid);
    int memory = open(name, O_RDONLY);
    memset(to, 0, length);
    if (memory >= 0) {
        ssize_t got = pread(memory, to, length, (off_t)from);
        (void)got;
        close(memory);
    }
}

static void link_of(pid_t pid, const char *of, char *to) {
    char name[64];
    snprintf(name, sizeof name, "/proc/%d/%s", pid, of);
    ssize_t length = readlink(name, to, PATH_MAX - 1);
    to[length < 0 ? 0 : length] = 0;
}

static void path_of_fd(pid_t pid, long fd, char *to) {
    char name[32];
    snprintf(name, sizeof name, "fd/%ld", fd);
    link_of(pid, name, to);
}

/* The path that an argument names, absolute. */
static void path_at(pid_t pid, int folder, unsigned long from, char *to) {
    char path[PATH_MAX], base[PATH_MAX];
    bytes_of(pid, from, path, PATH_MAX);
    path[PATH_MAX - 1] = 0;
    if (path[0] == '/') {
        strcpy(to, path);
        return;
    }
    if (folder == AT_FDCWD) link_of(pid, "cwd", base);
    else path_of_fd(pid, folder, base);
    if (snprintf(to, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) to[0] = 0;
}

static long position(pid_t pid, long fd, const char *path) {
    char name[64], line[128];
    long at = 0;
    unsigned flags = 0;
    snprintf(name, sizeof name, "/proc/%d/fdinfo/%ld", pid, fd);
    FILE *info = fopen(name, "r");
    while (info && fgets(line, sizeof line, info)) {
        sscanf(line, "pos: %ld", &at);
        sscanf(line, "flags: %o", &flags);
    }
    if (info) fclose(info);
    struct stat file;
    return (flags & O_APPEND) && !stat(path, &file) ? file.st_size : at;
}

static void log_call(pid_t pid, const struct call *call, struct user_regs_struct *r) {
    char from[PATH_MAX] = "", to[PATH_MAX] = "";
    const char *name = call->name;
    long offset = 0, length = 0;
    if (call->has_fd) path_of_fd(pid, (long)r->rdi, from);
    switch (call->number) {
    case SYS_write: offset = position(pid, (long)r->rdi, from); length = (long)r->rdx; break;
    case SYS_pwrite64: offset = (long)r->r10; length = (long)r->rdx; break;
    case SYS_ftruncate: offset = (long)r->rsi; break;
    case SYS_fallocate: return; /* only makes room */
    case SYS_rename:
        path_at(pid, AT_FDCWD, r->rdi, from);
        path_at(pid, AT_FDCWD, r->rsi, to);
        break;
    case SYS_renameat: case SYS_renameat2:
        path_at(pid, (int)r->rdi, r->rsi, from);
        path_at(pid, (int)r->rdx, r->r10, to);
        name = "rename";
        break;
    case SYS_link:
        path_at(pid, AT_FDCWD, r->rdi, from);
        path_at(pid, AT_FDCWD, r->rsi, to);
        break;
    case SYS_linkat:
        path_at(pid, (int)r->rdi, r->rsi, from);
        path_at(pid, (int)r->rdx, r->r10, to);
        name = "link";
        break;
    case SYS_unlink: path_at(pid, AT_FDCWD, r->rdi, from); break;
    case SYS_unlinkat: path_at(pid, (int)r->rdi, r->rsi, from); name = "unlink"; break;
    case SYS_creat: path_at(pid, AT_FDCWD, r->rdi, from); name = "create"; break;
    case SYS_open: path_at(pid, AT_FDCWD, r->rdi, from); name = "create"; break;
    case SYS_openat: path_at(pid, (int)r->rdi, r->rsi, from); name = "create"; break;
    default: break;
    }
    struct stat file;
    if (call->kind == OPENS && !lstat(from, &file)) {
        long flags = call->number == SYS_openat ? (long)r->rdx : (long)r->rsi;
        if (!S_ISREG(file.st_mode) || !(flags & O_TRUNC)) return;
        name = "ftruncate"; /* opening cuts it to nothing */
    }
    fprintf(logged, "%s\t%s\t%s\t%ld\t%ld\n", name, from, to, offset, length);
    if (length > 0) {
        char *bytes = malloc((size_t)length);
        bytes_of(pid, r->rsi, bytes, (size_t)length);
        fwrite(bytes, 1, (size_t)length, logged);
        free(bytes);
    }
}

/* Whether a call counts: one that changes a file with a name, or might. */
static int counts(pid_t pid, const struct call *call, struct user_regs_struct *r) {
    char path[PATH_MAX];
    if (call->kind == THREADS) return 0;
    if (call->kind == OPENS && call->number != SYS_creat) {
        long flags = call->number == SYS_openat ? (long)r->rdx : (long)r->rsi;
        return (flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
    }
    if (!call->has_fd) return 1;
    if ((long)r->rdi <= 2) return 0;
    path_of_fd(pid, (long)r->rdi, path);
    return path[0] == '/' && strncmp(path, "/dev/", 5) && strncmp(path, "/proc/", 6);
}

static int number_of(const char *name) {
    return !strcmp(name, "ENOSPC") ? ENOSPC : !strcmp(name, "EDQUOT") ? EDQUOT
         : !strcmp(name, "EROFS") ? EROFS : EIO;
}

/* Whether a disk in this state fails calls of this kind. */
static int is_concerned(enum kind kind) {
    int is_full = !strcmp(how, "ENOSPC") || !strcmp(how, "EDQUOT");
    if (is_full) return kind == WRITES || kind == GROWS || kind == OPENS;
    if (!strcmp(how, "EROFS")) return kind != SYNCS;
    if (!strcmp(how, "SHORT")) return kind == WRITES;
    if (!strcmp(how, "LIE")) return kind != OPENS;
    return 1;
}

static void answer(pid_t pid, struct user_regs_struct *r, long result) {
    r->orig_rax = (unsigned long long)-1;
    r->rax = (unsigned long long)result;
    if (ptrace(PTRACE_SETREGS, pid, 0, r)) give_up("set registers");
}

/* Handles a call that is about to be made; returns how the program goes on. */
static int handle(pid_t pid) {
    struct user_regs_struct r;
    const struct call *call = calls;
    if (ptrace(PTRACE_GETREGS, pid, 0, &r)) return PTRACE_CONT;
    while (call < calls + CALLS && call->number != (long)r.orig_rax) call++;
    if (call == calls + CALLS) return PTRACE_CONT;
    if (call->kind == THREADS) {
        if (!strcmp(how, "THREAD")) answer(pid, &r, -EAGAIN);
        return PTRACE_CONT;
    }
    if (!counts(pid, call, &r)) return PTRACE_CONT;
    count++;
    if (logged) log_call(pid, call, &r);
    int is_now = at && (count == at || (count > at && stays));
    if (!is_now || !is_concerned(call->kind)) return PTRACE_CONT;
    int is_short = !strcmp(how, "SHORT"), is_torn = !strcmp(how, "TORN");
    if (!strcmp(how, "KILL")) {
        kill(program, SIGKILL);
    } else if (!strcmp(how, "LIE")) {
        answer(pid, &r, call->kind == WRITES ? (long)r.rdx : 0);
    } else if (is_short || is_torn) {
        if (call->kind == WRITES && r.rdx > 1) {
            r.rdx /= 2;
            if (ptrace(PTRACE_SETREGS, pid, 0, &r)) give_up("set registers");
        }
        if (is_torn) return PTRACE_SYSCALL;
    } else {
        answer(pid, &r, -number_of(how));
    }
    return PTRACE_CONT;
}

static void note_count(const char *file) {
    FILE *out = fopen(file, "w");
    if (out) {
        fprintf(out, "%ld", count);
        fclose(out);
    }
    if (logged) fclose(logged);
}

int main(int words, char **arguments) {
    if (words < 6) return 98;
    at = atol(arguments[1]);
    snprintf(how, sizeof how, "%s", arguments[2]);
    char *plus = strchr(how, '+');
    stays = plus != NULL;
    if (plus) *plus = 0;
    program = fork();
    if (!program) trace_me(arguments + 5);
    if (strcmp(arguments[4], "-")) logged = fopen(arguments[4], "w");
    int status;
    if (waitpid(program, &status, 0) < 0 || !WIFSTOPPED(status)) give_up("start");
    long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                   PTRACE_O_TRACEVFORK | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
    if (ptrace(PTRACE_SETOPTIONS, program, 0, options)) give_up("options");
    ptrace(PTRACE_CONT, program, 0, 0);
    for (;;) {
        pid_t pid = waitpid(-1, &status, __WALL);
        if (pid < 0) give_up("wait");
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (pid != program) continue;
            break;
        }
        int signal = WSTOPSIG(status), next = PTRACE_CONT;
        if (status >> 8 == (SIGTRAP | (PTRACE_EVENT_SECCOMP << 8))) {
            next = handle(pid);
            signal = 0;
        } else if (signal == (SIGTRAP | 0x80)) {
            /* The end of a call after which the process ends. */
            kill(program, SIGKILL);
            signal = 0;
        } else if (status >> 16 || signal == SIGSTOP || signal == SIGTRAP) {
            signal = 0;
        }
        ptrace(next, pid, 0, signal);
    }
    note_count(arguments[3]);
    if (WIFSIGNALED(status)) {
        signal(WTERMSIG(status), SIG_DFL);
        kill(getpid(), WTERMSIG(status));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 97;
}
