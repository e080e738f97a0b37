// Which programs this library reaches: those that the system's loader puts it before, and that make their system calls by
// the C library. Others are led by a supervisor, if anything can.
//
//   script → its interpreter → … → ELF: of our machine, with our loader, not Go's, without rights of its own
//
// Everything here may run between vfork and exec: no locks, no memory of the process but the stack.
//
// Mirrors what execve(2) looks at: #! of fs/binfmt_script.c, PT_INTERP of fs/binfmt_elf.c, bprm_creds_from_file of fs/exec.c.
// Omitted: interpreters of binfmt_misc for files that are neither, and programs of other languages that make system calls by
// themselves, which nothing tells.

#include "preload.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define HEAD 4096
#define MOST_HEADERS 64 // of a program or of its sections
#define MOST_SCRIPTS 5
// Where a note of Go is: near the beginning, and small.
#define MOST_NOTES 1024
#define LOADER_ROOM 256

// The header of this library itself, put there by the linker.
extern const ElfW(Ehdr) own_header __asm__("__ehdr_start") __attribute__((visibility("hidden")));

struct file {
  int fd;
  size_t length;
  char head[HEAD + 1];
};

// Reads `size` bytes at `offset`; -1 when they are not there.
static int read_at(const struct file *file, uint64_t offset, void *to, size_t size) {
  if (offset + size <= file->length) {
    memcpy(to, file->head + offset, size);
    return 0;
  }
  return pread(file->fd, to, size, (off_t)offset) == (ssize_t)size ? 0 : -1;
}

static const char *last_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

// The loader of this program, by which other C libraries are told; NULL when it has none.
static const char *own_loader(void) {
  const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
  size_t count = getauxval(AT_PHNUM);
  for (size_t i = 0; headers != NULL && i < count; i++) {
    if (headers[i].p_type != PT_PHDR) continue;
    const char *base = (const char *)headers - headers[i].p_vaddr;
    for (i = 0; i < count; i++) {
      if (headers[i].p_type == PT_INTERP) return base + headers[i].p_vaddr;
    }
  }
  return NULL;
}

static int is_own_loader(const struct file *file, const ElfW(Phdr) *header) {
  char loader[LOADER_ROOM] = "";
  const char *own = own_loader();
  if (header->p_filesz >= sizeof(loader) || read_at(file, header->p_offset, loader, header->p_filesz) < 0) return 0;
  return own == NULL || strcmp(last_name(loader), last_name(own)) == 0;
}

// Whether one of the notes is Go's, which its linker gives every program (.note.go.buildid).
static int has_go_note(const struct file *file, const ElfW(Phdr) *header) {
  char notes[MOST_NOTES];
  size_t size = header->p_filesz < sizeof(notes) ? header->p_filesz : sizeof(notes);
  size_t align = header->p_align == 8 ? 7 : 3;
  ElfW(Nhdr) note;
  if (read_at(file, header->p_offset, notes, size) < 0) return 0;
  for (size_t at = 0; at + sizeof(note) + 4 <= size;) {
    memcpy(&note, notes + at, sizeof(note));
    if (note.n_namesz == 4 && memcmp(notes + at + sizeof(note), "Go\0", 4) == 0) return 1;
    at += sizeof(note) + (((size_t)note.n_namesz + 3) & ~(size_t)3);
    at += ((size_t)note.n_descsz + align) & ~align;
  }
  return 0;
}

// Whether a section is named as Go's are, for programs that were linked without the note.
static int has_go_section(const struct file *file, const ElfW(Ehdr) *elf) {
  ElfW(Shdr) sections[MOST_HEADERS];
  char names[HEAD];
  size_t count = elf->e_shnum;
  if (count == 0 || count > MOST_HEADERS || elf->e_shstrndx >= count || elf->e_shentsize != sizeof(*sections)) return 0;
  if (read_at(file, elf->e_shoff, sections, count * sizeof(*sections)) < 0) return 0;
  const ElfW(Shdr) *strings = &sections[elf->e_shstrndx];
  size_t size = strings->sh_size < sizeof(names) ? strings->sh_size : sizeof(names);
  return read_at(file, strings->sh_offset, names, size) == 0 && memmem(names, size, ".go.buildinfo", 14) != NULL;
}

static enum reach reach_of_elf(const struct file *file) {
  ElfW(Ehdr) elf;
  ElfW(Phdr) headers[MOST_HEADERS];
  if (file->length < sizeof(elf) || file->head[EI_CLASS] != own_header.e_ident[EI_CLASS]) return REACH_ARCHITECTURE;
  memcpy(&elf, file->head, sizeof(elf));
  if (elf.e_machine != own_header.e_machine || elf.e_phentsize != sizeof(*headers)) return REACH_ARCHITECTURE;
  size_t count = elf.e_phnum < MOST_HEADERS ? elf.e_phnum : MOST_HEADERS;
  if (read_at(file, elf.e_phoff, headers, count * sizeof(*headers)) < 0) return REACH_FOREIGN;
  int has_loader = 0;
  for (size_t i = 0; i < count; i++) {
    if (headers[i].p_type == PT_NOTE && has_go_note(file, &headers[i])) return REACH_GO;
    if (headers[i].p_type != PT_INTERP) continue;
    if (!is_own_loader(file, &headers[i])) return REACH_FOREIGN;
    has_loader = 1;
  }
  if (!has_loader) return REACH_STATIC;
  return has_go_section(file, &elf) ? REACH_GO : REACH_ALL;
}

// Whether the file gives rights that whoever starts it has not: the loader leaves every library out that was asked for.
static int has_rights(int fd, const struct stat *file) {
  if ((file->st_mode & S_ISUID) != 0 && file->st_uid != getuid()) return 1;
  if ((file->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && file->st_gid != getgid()) return 1;
  return getuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

// The interpreter that a script's first line names, which becomes a text of its own; NULL when there is none.
static const char *interpreter_of(char *head) {
  char *name = head + 2;
  head[strcspn(head, "\n")] = '\0';
  name += strspn(name, " \t");
  name[strcspn(name, " \t\r")] = '\0';
  return *name == '\0' ? NULL : name;
}

// Looks at one file; `*next` becomes the path of a script's interpreter, which lies in `file`.
static enum reach look(const char *path, struct file *file, const char **next) {
  struct stat status;
  enum reach reach = REACH_NO_PROGRAM;
  file->fd = NEXT(open)(path, O_RDONLY | O_CLOEXEC);
  if (file->fd < 0) return errno == EACCES ? REACH_UNREADABLE : REACH_NO_PROGRAM;
  ssize_t length = pread(file->fd, file->head, HEAD, 0);
  if (length > SELFMAG && fstat(file->fd, &status) == 0) {
    file->length = (size_t)length;
    file->head[length] = '\0';
    if (memcmp(file->head, ELFMAG, SELFMAG) == 0)
      reach = has_rights(file->fd, &status) ? REACH_RIGHTS : reach_of_elf(file);
    else if (memcmp(file->head, "#!", 2) == 0) *next = interpreter_of(file->head);
  }
  NEXT(close)(file->fd);
  return reach;
}

// How far the program of a path is reached, which may be a script. errno stays.
enum reach reach_of(const char *path) {
  struct file file;
  int saved = errno;
  enum reach reach = REACH_NO_PROGRAM;
  for (int depth = 0; depth <= MOST_SCRIPTS; depth++) {
    const char *next = NULL;
    if (NEXT(faccessat)(AT_FDCWD, path, X_OK, AT_EACCESS) < 0) break;
    reach = look(path, &file, &next);
    if (next == NULL) break;
    path = next;
  }
  errno = saved;
  return reach;
}

// Writes the path of the file that execvp(3) would start to `room`, which takes PATH_MAX; NULL when there is none.
const char *find_program(const char *file, char *room) {
  if (strchr(file, '/') != NULL || *file == '\0') return file;
  const char *folders = getenv("PATH");
  if (folders == NULL) folders = "/bin:/usr/bin";
  for (;;) {
    size_t length = strcspn(folders, ":");
    int written = snprintf(room, PATH_MAX, "%.*s%s%s", (int)length, folders, length == 0 ? "" : "/", file);
    if (written < PATH_MAX && NEXT(faccessat)(AT_FDCWD, room, X_OK, AT_EACCESS) == 0) return room;
    if (folders[length] == '\0') return NULL;
    folders += length + 1;
  }
}

// For `uveth run`: the path of a program that a supervisor (supervise/) can lead to a uveth namespace; NULL for any other.
EXPORT const char *uveth_supervised(const char *file) {
  static char room[PATH_MAX];
  const char *path = find_program(file, room);
  return path != NULL && is_supervised(reach_of(path)) ? path : NULL;
}

// Whether a program's loader would fail with this library before its own.
EXPORT int uveth_is_foreign(const char *path) { return reach_of(path) == REACH_FOREIGN; }

// For `uveth run`, which is no program under itself: why it cannot lead a program to a uveth namespace, as the end of a sentence;
// NULL when it can, or when there is no such program.
EXPORT const char *uveth_unreached(const char *file) {
  char room[PATH_MAX];
  const char *path = find_program(file, room);
  switch (path == NULL ? REACH_NO_PROGRAM : reach_of(path)) {
    case REACH_STATIC:
      return "it is linked statically";
    case REACH_FOREIGN:
      return "it is of another C library";
    case REACH_ARCHITECTURE:
      return "it is of another architecture";
    case REACH_GO:
      return "it is written in Go, and makes system calls by itself";
    case REACH_RIGHTS:
      return "it has rights of its own (set-user-ID, set-group-ID, capabilities)";
    case REACH_UNREADABLE:
      return "it cannot be read";
    default:
      return NULL;
  }
}
