/*
 * Runs a command to which the kernel refuses something.
 *
 *     refuse WHAT HOW FROM COMMAND [ARGUMENT…]
 *
 * WHAT: perf (perf_event_open), thread (clone with CLONE_THREAD), rings (large mmap without
 * reserve), timer (timerfd_settime), proc (opening what is below /proc; and perf_event_open without
 * counting it, for which /proc stands in).
 * HOW: EACCES, EPERM, EAGAIN, ENOMEM, ENOENT, or `hold`: the call never returns.
 * FROM: the first call refused, counted from 1; all after it are refused too.
 *
 * Ends as the command does; 77 where the kernel has no seccomp notifications. How many calls were
 * refused is written to the file $REFUSED, when there is that variable.
 *
 * The filter hands such calls to a listener (seccomp_unotify(2)), which the command's parent keeps
 * and answers, so that it can count and look at arguments. It needs no privileges, only
 * no_new_privs. clone3() hides its flags in memory, so the filter says ENOSYS and the C library
 * takes clone().
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SKIP = 77, WRONG_USE = 99, RING_SIZE = 128 << 10 };

struct refusal {
    unsigned call;
    int error; /* 0: hold */
    long from;
    long seen, refused;
    int (*meant)(pid_t pid, const struct seccomp_data *data); /* NULL: every such call */
};

static int makes_thread(pid_t pid, const struct seccomp_data *data)
{
    (void)pid;
    return (data->args[0] & CLONE_THREAD) != 0;
}

static int is_rings(pid_t pid, const struct seccomp_data *data)
{
    (void)pid;
    return (data->args[3] & MAP_NORESERVE) && (data->args[2] & PROT_WRITE) &&
           data->args[1] >= RING_SIZE;
}

static int is_proc(pid_t pid, const struct seccomp_data *data)
{
    char path[8] = "";
    struct iovec here = {path, 5}, there = {(void *)(uintptr_t)data->args[1], 5};
    return process_vm_readv(pid, &here, 1, &there, 1, 0) == 5 && memcmp(path, "/proc", 5) == 0;
}

static const struct {
    const char *name;
    unsigned call;
    int (*meant)(pid_t pid, const struct seccomp_data *data);
} things[] = {
    {"perf", SYS_perf_event_open, NULL}, {"thread", SYS_clone, makes_thread},
    {"rings", SYS_mmap, is_rings},       {"timer", SYS_timerfd_settime, NULL},
    {"proc", SYS_openat, is_proc},
};

static const struct {
    const char *name;
    int error;
} errors[] = {{"EACCES", EACCES}, {"EPERM", EPERM},   {"EAGAIN", EAGAIN},
              {"ENOMEM", ENOMEM}, {"ENOENT", ENOENT}, {"hold", 0}};

static int read_request(char **words, struct refusal *ret_refusal)
{
    size_t thing = 0, error = 0;
    while (thing < sizeof things / sizeof *things && strcmp(things[thing].name, words[0]) != 0)
        thing++;
    while (error < sizeof errors / sizeof *errors && strcmp(errors[error].name, words[1]) != 0)
        error++;
    if (thing == sizeof things / sizeof *things || error == sizeof errors / sizeof *errors)
        return -1;
    *ret_refusal = (struct refusal){.call = things[thing].call,
                                    .meant = things[thing].meant,
                                    .error = errors[error].error,
                                    .from = atol(words[2])};
    return 0;
}

/* Returns the listener, or -1. */
static int install(unsigned call)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call == SYS_clone ? SYS_clone3 : call, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call == SYS_openat ? SYS_perf_event_open : call, 3, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                        &program);
}

/* A descriptor through a socket; -1 says that there is none. */
static void send_fd(int socket, int fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    char byte = fd >= 0;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        *head = (struct cmsghdr){
            .cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(head), &fd, sizeof fd);
    }
    sendmsg(socket, &message, 0);
}

static int receive_fd(int socket)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    char byte;
    int fd = -1;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) == 1 && CMSG_FIRSTHDR(&message))
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return fd;
}

static void tell(const struct refusal *refusal)
{
    const char *path = getenv("REFUSED");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file)
        return;
    fprintf(file, "%ld\n", refusal->refused);
    fclose(file);
}

static void answer(int listener, struct refusal *refusal)
{
    struct seccomp_notif call = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0)
        return; /* who asked has been killed */
    struct seccomp_notif_resp response = {.id = call.id};
    if ((refusal->meant && !refusal->meant((pid_t)call.pid, &call.data)) ||
        ++refusal->seen < refusal->from) {
        response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    } else {
        refusal->refused++;
        tell(refusal);
        if (!refusal->error)
            return;
        response.error = -refusal->error;
    }
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static int supervise(pid_t child, int listener, struct refusal *refusal)
{
    struct pollfd poll_for = {.fd = listener, .events = POLLIN};
    int status = 0;
    tell(refusal);
    /* looked at from time to time too: not every kernel says when the last listener's task is gone
     */
    while (waitpid(child, &status, WNOHANG) == 0)
        if (poll(&poll_for, 1, 50) > 0 && (poll_for.revents & POLLIN))
            answer(listener, refusal);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void run_refused(int socket, const struct refusal *refusal, char **command)
{
    int listener = install(refusal->call);
    send_fd(socket, listener);
    if (listener < 0)
        _exit(SKIP);
    close(listener);
    close(socket);
    execvp(command[0], command);
    _exit(WRONG_USE);
}

int main(int argc, char **argv)
{
    struct refusal refusal;
    int sockets[2];
    if (argc < 5 || read_request(argv + 1, &refusal) != 0) {
        fputs("usage: refuse WHAT HOW FROM COMMAND [ARGUMENT…]\n", stderr);
        return WRONG_USE;
    }
    signal(SIGINT, SIG_IGN); /* Ctrl-C is the command's business */
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        return WRONG_USE;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGINT, SIG_DFL);
        run_refused(sockets[1], &refusal, argv + 4);
    }
    close(sockets[1]);
    int listener = receive_fd(sockets[0]);
    if (listener < 0) {
        waitpid(child, NULL, 0);
        return SKIP;
    }
    return supervise(child, listener, &refusal);
}
