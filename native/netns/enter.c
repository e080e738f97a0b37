// Runs a program in the namespaces that a holder keeps, as the caller's own user: in its terminal, in its folder, with its
// descriptors. This process stays outside, hands signals on and ends as the program ends.
//
// -d: the program goes on by itself, in a session of its own. -r: as root of the namespace (whose other users are a range
// of subordinate ids).

#define _GNU_SOURCE
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_FAILURE_HERE 1
#define EXIT_CANNOT_RUN 126
#define EXIT_NOT_FOUND 127

// What an ordinary user may do in the network namespace besides what every user may.
static const int granted[] = {CAP_NET_BIND_SERVICE, CAP_NET_BROADCAST, CAP_NET_ADMIN, CAP_NET_RAW};

static volatile pid_t program;

// The signals that are handed on, and the mask this process began with, which is the program's.
static const int handed[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGPIPE, SIGWINCH};
static sigset_t first_mask;

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "uveth: Cannot %s: %s\n", what, strerror(errno));
  exit(EXIT_FAILURE_HERE);
}

// Enters a namespace of `holder` unless this process is in it already; tells whether it has.
static int enter_namespace(const char *holder, const char *kind, int type) {
  char own[64];
  char other[64];
  snprintf(own, sizeof own, "/proc/self/ns/%s", kind);
  snprintf(other, sizeof other, "/proc/%s/ns/%s", holder, kind);
  struct stat mine;
  struct stat theirs;
  int fd = open(other, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || stat(own, &mine) < 0 || fstat(fd, &theirs) < 0) fail("open the namespace");
  int differs = mine.st_ino != theirs.st_ino;
  if (differs && setns(fd, type) < 0) fail("enter the namespace");
  close(fd);
  return differs;
}

// Opens the other namespaces first: /proc is not the same behind the mount namespace.
static void enter_others(const char *holder) {
  static const struct {
    const char *kind;
    int type;
  } kinds[] = {{"net", CLONE_NEWNET}, {"pid", CLONE_NEWPID}, {"mnt", CLONE_NEWNS}};
  for (size_t index = 0; index < sizeof kinds / sizeof *kinds; index++) {
    enter_namespace(holder, kinds[index].kind, kinds[index].type);
  }
}

// Keeps some capabilities over the namespace across exec, which would take them from any user but root.
static void keep_capabilities(void) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) < 0) return;
  for (int word = 0; word < 2; word++) data[word].inheritable = data[word].permitted;
  if (syscall(SYS_capset, &header, data) < 0) return;
  for (size_t index = 0; index < sizeof granted / sizeof *granted; index++) {
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, granted[index], 0, 0);
  }
}

// A detached program has no terminal, and no pipe that somebody would wait to be closed.
static void detach(void) {
  setsid();
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int fd = 0; fd < 3; fd++) {
    struct stat status;
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) dup2(null, fd);
  }
}

// Becomes the program; what keeps it from doing so goes to `report`.
static _Noreturn void become_program(char *command[], int report) {
  for (size_t index = 0; index < sizeof handed / sizeof *handed; index++) signal(handed[index], SIG_DFL);
  sigprocmask(SIG_SETMASK, &first_mask, NULL);
  execvp(command[0], command);
  int error = errno;
  if (write(report, &error, sizeof error) < 0) _exit(EXIT_CANNOT_RUN);
  _exit(EXIT_CANNOT_RUN);
}

// Hands a signal on that was sent to this process alone; what comes from the terminal the program has got itself.
static void hand_on(int number, siginfo_t *info, void *context) {
  (void)context;
  if (info->si_code <= 0 && program > 0) kill(program, number);
}

// From here on signals wait until there is somebody to hand them on to.
static void catch_signals(void) {
  struct sigaction action = {.sa_sigaction = hand_on, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigset_t set;
  sigemptyset(&set);
  for (size_t index = 0; index < sizeof handed / sizeof *handed; index++) sigaddset(&set, handed[index]);
  sigprocmask(SIG_BLOCK, &set, &first_mask);
  for (size_t index = 0; index < sizeof handed / sizeof *handed; index++) sigaction(handed[index], &action, NULL);
}

// Takes the terminal back, if it was ours: a shell inside gives it to process groups that are no more.
static void take_terminal_back(int had_terminal) {
  if (!had_terminal) return;
  signal(SIGTTOU, SIG_IGN);
  tcsetpgrp(STDIN_FILENO, getpgrp());
}

// Ends as the program did, by its exit code or by the same signal.
static int end_as(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  int number = WTERMSIG(status);
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  signal(number, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  raise(number);
  return 128 + number;
}

// Waits until the program ends; stops when it stops.
static int wait_for_program(void) {
  int status;
  for (;;) {
    if (waitpid(program, &status, WUNTRACED) < 0) {
      if (errno == EINTR) continue;
      return EXIT_FAILURE_HERE;
    }
    if (!WIFSTOPPED(status)) return status;
    raise(SIGSTOP);
    kill(program, SIGCONT);
  }
}

// Starts the program and waits until it runs, or says why it does not.
static int start(char *command[], int is_detached) {
  int report[2];
  if (pipe2(report, O_CLOEXEC) < 0) fail("make a pipe");
  pid_t self = getpid();
  program = fork();
  if (program < 0) fail("start the program");
  if (program == 0) {
    if (is_detached) {
      // The first child ends, so that the program is the holder's to reap.
      if (fork() != 0) _exit(0);
      detach();
    } else {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      // Seen from inside, a parent outside has no number; outside, one that has died has been replaced.
      if (getppid() != 0 && getppid() != self) _exit(0);
    }
    become_program(command, report[1]);
  }
  sigprocmask(SIG_SETMASK, &first_mask, NULL);
  close(report[1]);
  int error = 0;
  ssize_t got;
  do got = read(report[0], &error, sizeof error);
  while (got < 0 && errno == EINTR);
  close(report[0]);
  if (got <= 0) return 0;
  fprintf(stderr, "uveth: Cannot run \"%s\": %s\n", command[0], strerror(error));
  return error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_RUN;
}

int enter(int argc, char *argv[]) {
  const char *holder = argv[0];
  int is_detached = 0;
  int is_root = 0;
  int at = 1;
  for (; at < argc && argv[at][0] == '-'; at++) {
    if (strcmp(argv[at], "-d") == 0) is_detached = 1;
    else if (strcmp(argv[at], "-r") == 0) is_root = 1;
    else if (strcmp(argv[at], "--") == 0) {
      at++;
      break;
    }
  }
  char **command = argv + at;
  if (at >= argc) return 255;
  char *folder = getcwd(NULL, 0);
  int had_terminal = isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
  int has_rights = enter_namespace(holder, "user", CLONE_NEWUSER);
  enter_others(holder);
  if (folder == NULL || chdir(folder) < 0) {
    if (chdir("/") < 0) fail("enter the root folder");
  }
  if (is_root && (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)) fail("become root of the namespace");
  if (has_rights && !is_root) keep_capabilities();
  catch_signals();
  int failed = start(command, is_detached);
  int status = is_detached ? 0 : wait_for_program();
  take_terminal_back(had_terminal);
  return failed != 0 ? failed : end_as(status);
}
