// uveth-netns: what it takes a process with one thread to do, which Node is not: make namespaces, and enter a user namespace.
//
//   uveth-netns serve FD        makes holders for the engine that has the other end of FD
//   uveth-netns exec PID …      runs a program in the namespaces that the holder PID keeps
//
// Policy is the engine's (src/attach/node/native/): what is mounted, written and opened comes as requests.

#include "netns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char *argv[]) {
  if (argc == 3 && strcmp(argv[1], "serve") == 0) return serve(atoi(argv[2]));
  if (argc >= 4 && strcmp(argv[1], "exec") == 0) return enter(argc - 2, argv + 2);
  fprintf(stderr, "This program is a part of uveth: type \"uveth exec NETNS -- COMMAND\"\n");
  return 255;
}
