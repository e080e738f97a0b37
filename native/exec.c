// Programs that start others, maybe with an environment of their own making: what leads the other one into its uveth namespace is
// put back, as a network namespace is kept by a process whatever its environment. One that is not led there by that is started by
// the supervisor's program, or kept from the host's network.
//
// Mirrors execve(2), execveat(2), exec(3) and posix_spawn(3). Omitted: system(3) and popen(3) after clearenv(3), which start
// the shell inside the C library.

#include "preload.h"

#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT 4

extern char **environ;

// The library must be the first of them.
static const char *const names[KEPT] = {"LD_PRELOAD", ENV_SOCKET, ENV_FOLDER, ENV_NO_ADMIN};
static char *kept[KEPT]; // "NAME=value"

// The program that starts what is not reached, beside this library (supervise/main.c); empty where it could not be built.
static char supervisor[PATH_MAX];

static void find_supervisor(void) {
  Dl_info info;
  if (dladdr((void *)find_supervisor, &info) == 0 || info.dli_fname == NULL) return;
  const char *slash = strrchr(info.dli_fname, '/');
  int length = slash == NULL ? 0 : (int)(slash - info.dli_fname + 1);
  int written = snprintf(supervisor, sizeof(supervisor), "%.*suveth-supervise", length, info.dli_fname);
  if (length == 0 || written >= PATH_MAX || NEXT(access)(supervisor, X_OK) < 0) supervisor[0] = '\0';
}

// Remembers the variables as they were when the program started.
__attribute__((constructor)) static void keep_environment(void) {
  if (daemon_socket() == NULL) return;
  for (int i = 0; i < KEPT; i++) {
    const char *value = getenv(names[i]);
    if (value != NULL && asprintf(&kept[i], "%s=%s", names[i], value) < 0) kept[i] = NULL;
  }
  find_supervisor();
}

static int is_variable(const char *variable, const char *name) {
  size_t length = strlen(name);
  return strncmp(variable, name, length) == 0 && variable[length] == '=';
}

static int is_kept(const char *variable) {
  for (int i = 0; i < KEPT; i++) {
    if (kept[i] != NULL && is_variable(variable, names[i])) return 1;
  }
  return 0;
}

static size_t count(char *const list[]) {
  size_t length = 0;
  while (list != NULL && list[length] != NULL) length++;
  return length;
}

// LD_PRELOAD as the program wants it for another one, with this library in it.
static char *preload_with(char *wanted) {
  static const size_t skip = sizeof("LD_PRELOAD=") - 1;
  char *joined;
  if (strstr(wanted + skip, kept[0] + skip) != NULL) return wanted;
  return asprintf(&joined, "%s%s%s", kept[0], wanted[skip] == '\0' ? "" : ":", wanted + skip) < 0 ? kept[0] : joined;
}

// Writes `given` with the kept variables in place of its own to `room`, which has KEPT + 2 places more. A changed LD_PRELOAD is
// never freed: the process is about to become another, or starts few of them so. A loader that is not ours gets none.
static char *const *with_kept(char *const given[], enum reach reach, char **room) {
  size_t length = 0;
  char *preload = kept[0];
  if (daemon_socket() == NULL) return given;
  for (size_t i = 0; given != NULL && given[i] != NULL; i++) {
    if (kept[0] != NULL && is_variable(given[i], names[0])) preload = preload_with(given[i]);
    else if (!is_kept(given[i]) && !is_variable(given[i], ENV_NO_FDS)) room[length++] = given[i];
  }
  if (!is_any_marked() && !is_unreached(reach)) room[length++] = (char *)ENV_NO_FDS "=1";
  if (preload != NULL && reach != REACH_FOREIGN && reach != REACH_ARCHITECTURE) room[length++] = preload;
  for (int i = 1; i < KEPT; i++) {
    if (kept[i] != NULL) room[length++] = kept[i];
  }
  room[length] = NULL;
  return room;
}

static enum reach reach_from_here(const char *path) {
  return daemon_socket() == NULL || path == NULL ? REACH_NO_PROGRAM : reach_of(path);
}

// What stands before a program's arguments when the supervisor starts it: its own name, an option, the program's path.
#define WORDS 3

// A program as it is to be started.
struct start {
  const char *path;
  char *const *arguments;
};

static int has_supervisor(enum reach reach) { return is_supervised(reach) && supervisor[0] != '\0'; }

// Lets the supervisor start a program: its words are written to `room`, which has WORDS places more than the arguments.
static struct start by_supervisor(const char *path, char *const arguments[], char **room) {
  size_t length = 0;
  room[length++] = supervisor;
  room[length++] = "-w";
  room[length++] = (char *)path;
  for (size_t i = 0; arguments != NULL && arguments[i] != NULL; i++) room[length++] = arguments[i];
  // A program without a name gets its path, as it does from the kernel, nearly.
  if (length == WORDS) room[length++] = (char *)path;
  room[length] = NULL;
  return (struct start){supervisor, room};
}

// Sees to it that a program does not use the host's network: to be called last before this process becomes it. When it does not
// become it after all, as for want of memory, it is kept from the network itself.
static int lead(enum reach reach) {
  if (!is_unreached(reach)) return 0;
  int result = confine();
  return result < 0 ? fail(result) : 0;
}

// Becomes what the supervisor starts from `path`.
static int exec_supervised(const char *path, char *const arguments[], char *const environment[]) {
  char *words[count(arguments) + WORDS + 2];
  struct start start = by_supervisor(path, arguments, words);
  return NEXT(execve)(start.path, start.arguments, environment);
}

EXPORT int execve(const char *path, char *const arguments[], char *const given[]) {
  char *room[count(given) + KEPT + 2];
  enum reach reach = reach_from_here(path);
  if (has_supervisor(reach)) return exec_supervised(path, arguments, with_kept(given, reach, room));
  if (lead(reach) < 0) return -1;
  return NEXT(execve)(path, arguments, with_kept(given, reach, room));
}

EXPORT int execvpe(const char *file, char *const arguments[], char *const given[]) {
  char *room[count(given) + KEPT + 2];
  char buffer[PATH_MAX];
  const char *path = find_program(file, buffer);
  enum reach reach = reach_from_here(path);
  if (has_supervisor(reach)) return exec_supervised(path, arguments, with_kept(given, reach, room));
  if (lead(reach) < 0) return -1;
  return NEXT(execvpe)(file, arguments, with_kept(given, reach, room));
}

// The supervisor finds the program by its descriptor, which is to be there still.
static int exec_descriptor(int fd, const char *path, char *const arguments[], char *const environment[]) {
  int flags = NEXT(fcntl64)(fd, F_GETFD);
  if (flags > 0) NEXT(fcntl64)(fd, F_SETFD, flags & ~FD_CLOEXEC);
  int result = exec_supervised(path, arguments, environment);
  if (flags > 0) NEXT(fcntl64)(fd, F_SETFD, flags);
  return result;
}

EXPORT int fexecve(int fd, char *const arguments[], char *const given[]) {
  char *room[count(given) + KEPT + 2];
  char path[32];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
  enum reach reach = reach_from_here(path);
  if (has_supervisor(reach)) return exec_descriptor(fd, path, arguments, with_kept(given, reach, room));
  if (lead(reach) < 0) return -1;
  return NEXT(fexecve)(fd, arguments, with_kept(given, reach, room));
}

EXPORT int execveat(int fd, const char *path, char *const arguments[], char *const given[], int flags) {
  char *room[count(given) + KEPT + 2];
  char full[PATH_MAX];
  const char *seen = path;
  if (*path == '\0' && (flags & AT_EMPTY_PATH) != 0) snprintf(full, sizeof(full), "/proc/self/fd/%d", fd);
  else if (*path != '/' && fd != AT_FDCWD) snprintf(full, sizeof(full), "/proc/self/fd/%d/%s", fd, path);
  else full[0] = '\0';
  if (full[0] != '\0') seen = full;
  enum reach reach = reach_from_here(seen);
  if (has_supervisor(reach)) return exec_descriptor(fd, seen, arguments, with_kept(given, reach, room));
  if (lead(reach) < 0) return -1;
  return NEXT(execveat)(fd, path, arguments, with_kept(given, reach, room), flags);
}

EXPORT int execv(const char *path, char *const arguments[]) { return execve(path, arguments, environ); }

EXPORT int execvp(const char *file, char *const arguments[]) { return execvpe(file, arguments, environ); }

// Collects the arguments of execl and the like; what follows their NULL is left for the caller.
#define COLLECT(first, list, arguments)                                                             \
  size_t length = 1;                                                                                \
  va_start(list, first);                                                                            \
  while (va_arg(list, char *) != NULL) length++;                                                    \
  va_end(list);                                                                                     \
  char *arguments[length + 1];                                                                      \
  arguments[0] = (char *)first;                                                                     \
  va_start(list, first);                                                                            \
  for (size_t i = 1; i <= length; i++) arguments[i] = va_arg(list, char *)

EXPORT int execl(const char *path, const char *first, ...) {
  va_list list;
  COLLECT(first, list, arguments);
  va_end(list);
  return execve(path, arguments, environ);
}

EXPORT int execlp(const char *file, const char *first, ...) {
  va_list list;
  COLLECT(first, list, arguments);
  va_end(list);
  return execvpe(file, arguments, environ);
}

EXPORT int execle(const char *path, const char *first, ...) {
  va_list list;
  COLLECT(first, list, arguments);
  char **given = va_arg(list, char **);
  va_end(list);
  return execve(path, arguments, given);
}

typedef int spawn_function(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
                           char *const[], char *const[]);

// The arguments of posix_spawn or posix_spawnp.
struct spawn {
  spawn_function *start;
  pid_t *pid;
  const char *file;
  const posix_spawn_file_actions_t *actions;
  const posix_spawnattr_t *attributes;
  char *const *arguments;
  char *const *environment;
};

static int start_spawn(void *given) {
  const struct spawn *spawn = given;
  return spawn->start(spawn->pid, spawn->file, spawn->actions, spawn->attributes, spawn->arguments, spawn->environment);
}

// Starts the program of `path`. What is not found may be there for the child, which can go to another folder first.
static int spawn(struct spawn *spawn, const char *path) {
  char *room[count(spawn->environment) + KEPT + 2];
  char *words[count(spawn->arguments) + WORDS + 2];
  enum reach reach = reach_from_here(path);
  int is_elsewhere = reach == REACH_NO_PROGRAM && spawn->actions != NULL && path != NULL && path[0] != '/';
  spawn->environment = with_kept(spawn->environment, reach, room);
  if (daemon_socket() == NULL || !(is_unreached(reach) || is_elsewhere)) return start_spawn(spawn);
  if (!has_supervisor(reach)) return while_confined(start_spawn, spawn);
  struct start start = by_supervisor(path, spawn->arguments, words);
  spawn->start = NEXT(posix_spawn);
  spawn->file = start.path;
  spawn->arguments = start.arguments;
  return start_spawn(spawn);
}

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const arguments[], char *const given[]) {
  struct spawn request = {NEXT(posix_spawn), pid, path, actions, attributes, arguments, given};
  return spawn(&request, path);
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const arguments[], char *const given[]) {
  struct spawn request = {NEXT(posix_spawnp), pid, file, actions, attributes, arguments, given};
  char path[PATH_MAX];
  return spawn(&request, find_program(file, path));
}
