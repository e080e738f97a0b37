// Programs that open the C library by its name and take functions out of it, as Python's ctypes.CDLL("libc.so.6") does: they
// are handed this library, which is searched first, and the C library behind it. Or they call setns and unshare by number.
//
// Mirrors dlopen(3) and syscall(2), of the latter what pyroute2 calls. Omitted: dlmopen(3), and the C library by a path.

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
  if (number == SYS_setns) return setns((int)words[0], (int)words[1]);
  if (number == SYS_unshare) return unshare((int)words[0]);
  return NEXT(syscall)(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
