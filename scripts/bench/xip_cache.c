// SPDX-License-Identifier: MIT
// A plugin for QEMU: what an RP2040's cache in front of its flash chip would miss, of instructions and of data.
//
//     -plugin xip_cache.so,to=FILE     FILE: four u64 that grow: instructions, lines looked up, lines missed, spare
//
// 16 KiB, two ways, lines of 8 bytes (RP2040 datasheet, 2.6.3.1); which way goes at a miss is not said there: the one used
// longest ago here. Whatever an emulated board has below 1 MiB counts as the chip, as its firmware lies there.
//
// The declarations stand for QEMU's qemu-plugin.h (version 1 of the interface), which Debian does not package.

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef uint64_t plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id_t, void (*)(plugin_id_t, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, void (*)(unsigned, void *), int, void *);
extern void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *, void (*)(unsigned, uint32_t, uint64_t, void *), int, int, void *);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);

enum { NO_REGISTERS = 0, READ = 1 };
enum { FLASH_END = 1 << 20, LINE = 8, SETS = 16 * 1024 / LINE / 2 };

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static volatile uint64_t *counted;
static uint32_t ways[SETS][2]; // tags + 1, the one used last first

static void look_up(uint32_t line) {
    uint32_t *set = ways[line % SETS];
    uint32_t tag = line / SETS + 1;
    counted[1]++;
    if (set[0] == tag) {
        return;
    }
    counted[2] += set[1] != tag;
    set[1] = set[0];
    set[0] = tag;
}

typedef struct {
    uint32_t first, last, instructions; // lines
} block_t;

static void executed(unsigned cpu, void *data) {
    const block_t *block = data;
    (void)cpu;
    counted[0] += block->instructions;
    for (uint32_t line = block->first; line < block->last; line++) {
        look_up(line);
    }
}

static void read_from(unsigned cpu, uint32_t info, uint64_t address, void *data) {
    (void)cpu, (void)info, (void)data;
    if (address < FLASH_END) {
        look_up(address / LINE);
    }
}

static void translated(plugin_id_t id, struct qemu_plugin_tb *tb) {
    uint64_t at = qemu_plugin_tb_vaddr(tb);
    size_t size = 0;
    block_t *block = calloc(1, sizeof(block_t)); // QEMU may execute it until the end
    (void)id;
    block->instructions = qemu_plugin_tb_n_insns(tb);
    for (size_t i = 0; i < block->instructions; i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(tb, i);
        size += qemu_plugin_insn_size(instruction);
        qemu_plugin_register_vcpu_mem_cb(instruction, read_from, NO_REGISTERS, READ, NULL);
    }
    if (at < FLASH_END) {
        block->first = at / LINE;
        block->last = (at + size - 1) / LINE + 1;
    }
    qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, NO_REGISTERS, block);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id_t id, const void *info, int argc, char **argv) {
    int file = argc == 1 ? open(argv[0] + sizeof("to=") - 1, O_RDWR) : -1;
    (void)info;
    if (file < 0 || ftruncate(file, 4 * sizeof(uint64_t))) {
        return 1;
    }
    counted = mmap(NULL, 4 * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return counted == MAP_FAILED;
}
