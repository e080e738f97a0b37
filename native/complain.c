// What this library has to say, where the program that it is in says things.

#include "preload.h"

#include <string.h>

// Says a sentence once per process and text.
void complain(const char *text) {
  static const char *said[8];
  for (int i = 0; i < 8; i++) {
    if (said[i] == text) return;
    if (said[i] != NULL) continue;
    said[i] = text;
    break;
  }
  struct iovec parts[] = {{"uveth: ", 7}, {(void *)text, strlen(text)}, {"\n", 1}};
  if (NEXT(writev)(STDERR_FILENO, parts, 3) < 0) return;
}
