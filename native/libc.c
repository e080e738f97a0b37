// Programs that open the C library by its name and take functions out of it, as Python's ctypes.CDLL("libc.so.6") does: they
// are handed this library, which is searched first, and the C library behind it. Or they make system calls of sockets and namespaces by
// number.
//
// Mirrors dlopen(3) and syscall(2), of the latter the calls of sockets that netlink needs. Omitted: the rest of them; dlmopen(3), and the C library by a path.

#include "preload.h"

#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>

// Where this library lies; the C library's own name when that cannot be known.
static const char *own_path(void) {
  Dl_info info;
  return dladdr((void *)own_path, &info) != 0 && info.dli_fname != NULL ? info.dli_fname : "libc.so.6";
}

// The call is the last thing done, so that whoever called is still the one whose paths count ($ORIGIN, RUNPATH).
EXPORT void *dlopen(const char *file, int mode) {
  if (file != NULL && strcmp(file, "libc.so.6") == 0 && daemon_socket() != NULL) file = own_path();
  return NEXT(dlopen)(file, mode);
}

EXPORT long syscall(long number, ...) {
  long words[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i++) words[i] = va_arg(list, long);
  va_end(list);
  const void *first = (const void *)words[1];
  switch (number) {
    case SYS_setns:
      return setns((int)words[0], (int)words[1]);
    case SYS_unshare:
      return unshare((int)words[0]);
    case SYS_close:
      return close((int)words[0]);
    case SYS_socket:
      return socket((int)words[0], (int)words[1], (int)words[2]);
    case SYS_bind:
      return bind((int)words[0], first, (socklen_t)words[2]);
    case SYS_connect:
      return connect((int)words[0], first, (socklen_t)words[2]);
    case SYS_getsockname:
      return getsockname((int)words[0], (struct sockaddr *)words[1], (socklen_t *)words[2]);
    case SYS_setsockopt:
      return setsockopt((int)words[0], (int)words[1], (int)words[2], (const void *)words[3], (socklen_t)words[4]);
    case SYS_getsockopt:
      return getsockopt((int)words[0], (int)words[1], (int)words[2], (void *)words[3], (socklen_t *)words[4]);
    case SYS_sendto:
      return sendto((int)words[0], first, (size_t)words[2], (int)words[3], (const struct sockaddr *)words[4],
                    (socklen_t)words[5]);
    case SYS_sendmsg:
      return sendmsg((int)words[0], (const struct msghdr *)words[1], (int)words[2]);
    case SYS_recvfrom:
      return recvfrom((int)words[0], (void *)words[1], (size_t)words[2], (int)words[3], (struct sockaddr *)words[4],
                      (socklen_t *)words[5]);
    case SYS_recvmsg:
      return recvmsg((int)words[0], (struct msghdr *)words[1], (int)words[2]);
    default:
      break;
  }
  return NEXT(syscall)(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
