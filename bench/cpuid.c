/* Preloaded into an engine's process, hides instruction sets from it: engines
 * that have no switch of their own then compute as they do on an older CPU.
 *
 * Linux on x86-64 only, where the CPU can be told to fault on CPUID
 * (arch_prctl ARCH_CPUID). The fault is answered with what the instruction
 * gives, less the features named in HIDE, a comma-separated list of the sets
 * below. Programs that ask XGETBV alone are not deceived; none of ours do.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID 0x1012

struct bits {
    const char *set;
    unsigned leaf, subleaf;
    int reg; /* 0..3: eax, ebx, ecx, edx */
    unsigned mask;
};

#define B(n) (1u << (n))

static const struct bits known[] = {
    {"avx512", 7, 0, 1, B(16) | B(17) | B(21) | B(26) | B(27) | B(28) | B(30) | B(31)},
    {"avx512", 7, 0, 2, B(1) | B(6) | B(11) | B(12) | B(14)},
    {"avx512", 7, 0, 3, B(2) | B(3) | B(8) | B(23)},
    {"avx512", 7, 1, 0, B(5)},
    {"avx512", 7, 1, 3, B(19)},
    {"avx512vnni", 7, 0, 2, B(11)},
    {"avxvnni", 7, 1, 0, B(4) | B(23)},
    {"avxvnni", 7, 1, 3, B(4) | B(5) | B(10)},
    {"amx", 7, 0, 3, B(22) | B(24) | B(25)},
    {"amx", 7, 1, 0, B(21)},
    {"amx", 7, 1, 3, B(8)},
};

static int hidden[sizeof known / sizeof *known];

static void answer(int sig, siginfo_t *info, void *context) {
    ucontext_t *u = context;
    greg_t *g = u->uc_mcontext.gregs;
    const unsigned char *at = (const unsigned char *)g[REG_RIP];
    (void)info;
    if (at[0] != 0x0f || at[1] != 0xa2) { /* not CPUID: a real fault */
        signal(sig, SIG_DFL);
        return;
    }
    unsigned leaf = g[REG_RAX], subleaf = g[REG_RCX], r[4];
    syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1);
    __cpuid_count(leaf, subleaf, r[0], r[1], r[2], r[3]);
    syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (hidden[i] && known[i].leaf == leaf && known[i].subleaf == subleaf)
            r[known[i].reg] &= ~known[i].mask;
    g[REG_RAX] = r[0], g[REG_RBX] = r[1], g[REG_RCX] = r[2], g[REG_RDX] = r[3];
    g[REG_RIP] += 2;
}

__attribute__((constructor)) static void begin(void) {
    const char *hide = getenv("HIDE");
    if (!hide || !*hide)
        return;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t n = strlen(known[i].set);
        for (const char *p = hide; p && *p; p = strchr(p, ','), p = p ? p + 1 : p)
            hidden[i] |= !strncmp(p, known[i].set, n) && (p[n] == 0 || p[n] == ',');
    }
    struct sigaction a = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGSEGV, &a, NULL);
    if (syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0)) {
        fputs("cpuid.c: this CPU or system cannot fault on CPUID\n", stderr);
        _exit(70);
    }
}
