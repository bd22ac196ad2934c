// SPDX-License-Identifier: MIT
// life: Conway's Game of Life on a board of 32 × 32 cells that wraps around. A row is one u32, so 32 cells are counted at
// once: the eight neighbours are added up in three bit planes.

import { Arguments, Tool, failed, serve } from "./wasmote";
export * from "./wasmote";

const SIZE = 32;
let rows = new StaticArray<u32>(SIZE);
let next = new StaticArray<u32>(SIZE);
let generation: u32 = 0;

// The sum of a cell's neighbours, of all 32 cells of a row: bit planes of 1, 2 and 4. Four wraps to zero with eight, and
// both mean death.
let ones: u32, twos: u32, fours: u32;

function add(plane: u32): void {
    const carry = ones & plane;
    ones ^= plane;
    fours ^= twos & carry;
    twos ^= carry;
}

function step(): void {
    for (let y = 0; y < SIZE; y++) {
        const above = rows[(y + SIZE - 1) % SIZE];
        const here = rows[y];
        const below = rows[(y + 1) % SIZE];
        ones = twos = fours = 0;
        add(rotl<u32>(above, 1));
        add(above);
        add(rotr<u32>(above, 1));
        add(rotl<u32>(here, 1));
        add(rotr<u32>(here, 1));
        add(rotl<u32>(below, 1));
        add(below);
        add(rotr<u32>(below, 1));
        next[y] = twos & ~fours & (ones | here); // three neighbours, or two and alive
    }
    turn();
    generation++;
}

/** What was next is now. */
function turn(): void {
    const was = rows;
    rows = next;
    next = was;
}

function population(): i32 {
    let count: u32 = 0;
    for (let y = 0; y < SIZE; y++) count += popcnt<u32>(rows[y]);
    return count;
}

/** The smallest picture of all that lives: `#` and `.`, a line per row. */
function picture(): string {
    let columns: u32 = 0;
    let top = SIZE;
    let bottom = -1;
    for (let y = 0; y < SIZE; y++) {
        if (!rows[y]) continue;
        columns |= rows[y];
        top = min(top, y);
        bottom = y;
    }
    if (!columns) return "nothing lives";
    const left = <i32>ctz(columns);
    const right = 31 - <i32>clz(columns);
    // Written into one block: text that grows character by character leaves more garbage than a board has memory.
    const width = right - left + 2;
    const cells = new StaticArray<u16>(width * (bottom - top + 1));
    for (let y = top, at = 0; y <= bottom; y++) {
        cells[at++] = 0x0a;
        for (let x = left; x <= right; x++) cells[at++] = (rows[y] >> x) & 1 ? 0x23 : 0x2e;
    }
    const lines = String.UTF16.decodeUnsafe(changetype<usize>(cells), cells.length << 1);
    return `generation ${generation}, ${population()} alive, at ${left},${top}` + lines;
}

/** Puts cells, `#` and `.` with line ends between the rows, with their corner at column x and row y. */
function set(given: Arguments): string {
    const cells = given.text("cells", "");
    if (!cells.length) return failed('"cells" is missing: give rows of # and ., such as ".#.\\n..#\\n###"');
    const left = given.integer("x", 0);
    let x = left;
    let y = given.integer("y", 0);
    next.fill(0);
    for (let i = 0; i < cells.length; i++) {
        const cell = cells.charAt(i);
        if (cell == "\n") {
            x = left;
            y++;
            continue;
        }
        if (cell != "#" && cell != ".") return failed(`"${cell}" is no cell: # is alive, . is dead`);
        if (cell == "#") next[y & (SIZE - 1)] |= 1 << x; // shifts wrap around as the board does
        x++;
    }
    turn();
    generation = 0;
    return picture();
}

function run(given: Arguments): string {
    const generations = given.integer("generations", 1);
    if (generations < 0 || generations > 10000) return failed('"generations" is 0 to 10000');
    for (let i = 0; i < generations; i++) step();
    return picture();
}

serve("life", "1.0.0", [
    new Tool(
        "life_set",
        "Put cells on an empty board of 32 × 32 that wraps around.",
        '{"type":"object","properties":{"cells":{"type":"string","description":"rows of # and ."},' +
            '"x":{"type":"integer"},"y":{"type":"integer"}},"required":["cells"]}',
        set,
    ),
    new Tool(
        "life_run",
        "Let generations pass and look at what lives.",
        '{"type":"object","properties":{"generations":{"type":"integer","minimum":0,"maximum":10000}}}',
        run,
    ),
]);
