/* A plugin of qemu's user mode that counts how often every block of instructions is run between the last two marks of
   a program, and writes at the end, for each: its address, the count, and its words, in hexadecimal. Who reads that
   knows instructions and functions.

   Debian ships no header of the interface; these are the declarations that are used, of version 1 (qemu 5.2 to 8.2). */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int op, void *, uint64_t);
void qemu_plugin_register_vcpu_syscall_cb(plugin_id, void (*)(plugin_id, unsigned, int64_t, uint64_t, uint64_t, uint64_t,
                                                             uint64_t, uint64_t, uint64_t, uint64_t, uint64_t));
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);

EXPORT int qemu_plugin_version = 1;

struct block {
  struct block *next;
  uint64_t address, runs, counted;
  size_t words;
  uint32_t word[];
};

static struct block *blocks; /* a block that is translated again is here twice; qemu calls translated() in turns */
static FILE *out;

static void translated(plugin_id id, struct qemu_plugin_tb *tb) {
  size_t n = qemu_plugin_tb_n_insns(tb);
  struct block *b = malloc(sizeof *b + n * sizeof b->word[0]);
  (void)id;
  if (!b) abort();
  b->address = qemu_plugin_tb_vaddr(tb);
  b->runs = b->counted = 0;
  b->words = n;
  for (size_t i = 0; i < n; i++) memcpy(&b->word[i], qemu_plugin_insn_data(qemu_plugin_tb_get_insn(tb, i)), 4);
  b->next = blocks;
  blocks = b;
  qemu_plugin_register_vcpu_tb_exec_inline(tb, 0 /* add */, &b->runs, 1);
}

static void finished(plugin_id id, void *unused) {
  (void)id, (void)unused;
  for (struct block *b = blocks; b; b = b->next) {
    if (!b->counted) continue;
    fprintf(out, "%" PRIx64 " %" PRIx64, b->address, b->counted);
    for (size_t i = 0; i < b->words; i++) fprintf(out, " %" PRIx32, b->word[i]);
    fputc('\n', out);
  }
  if (fclose(out)) perror("blocks"), _Exit(1);
}

/* Marks are what a program writes to its standard output (write, number 64 of arm64), and getpriority (141), for one
   that writes nothing. */
static void called(plugin_id id, unsigned cpu, int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
                   uint64_t f, uint64_t g, uint64_t h) {
  static int marks;
  (void)id, (void)cpu, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
  if (number != 141 && (number != 64 || a != 1)) return;
  for (struct block *p = blocks; p; p = p->next) {
    if (marks) p->counted = p->runs;
    p->runs = 0;
  }
  marks = 1;
}

/* The one argument is out=FILE. */
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv) {
  (void)info;
  if (argc != 1 || strncmp(argv[0], "out=", 4) || !(out = fopen(argv[0] + 4, "w"))) return 1;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_vcpu_syscall_cb(id, called);
  qemu_plugin_register_atexit_cb(id, finished, NULL);
  return 0;
}
