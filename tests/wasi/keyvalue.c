// wasi:keyvalue by command; -DDRAFT2 for @0.2.0-draft2. Buckets are numbered, 0 is open at the start: "default".
#include "commands.h"

#ifdef DRAFT2
#define VERSION "@0.2.0-draft2"
typedef int64_t delta;
#else
#define VERSION "@0.2.0-draft"
typedef uint64_t delta;
#endif
#define STORE "wasi:keyvalue/store" VERSION
#define ATOMICS "wasi:keyvalue/atomics" VERSION
#define BATCH "wasi:keyvalue/batch" VERSION

typedef struct {
    uint8_t kind; // no-such-store, access-denied, other
    list text;
} store_error;

typedef struct {
    uint8_t failed;
    union {
        int32_t handle;
        uint8_t there;
        store_error error;
    };
} result;

typedef struct {
    uint8_t failed;
    union {
        struct {
            uint8_t there;
            list value;
        };
        store_error error;
    };
} value_result;

typedef struct {
    uint8_t failed;
    union {
        delta number;
        store_error error;
    };
} number_result;

typedef struct {
    uint8_t failed;
    union {
        struct {
            list keys;
            uint8_t more;
#ifdef DRAFT2
            list cursor;
#else
            uint64_t cursor;
#endif
        };
        store_error error;
    };
} keys_result;

typedef struct {
    uint8_t failed;
    union {
        list pairs;
        store_error error;
    };
} pairs_result;

typedef struct {
    list key, value;
} pair;

typedef struct {
    uint8_t there;
    pair pair;
} optional_pair;

#ifdef DRAFT2
typedef struct {
    uint8_t failed;
    struct {
        uint8_t kind; // store-error, cas-failed
        union {
            int32_t cas;
            store_error error;
        };
    };
} swap_result;

IMPORT(ATOMICS, "[static]cas.new") void cas_new(int32_t, const void *, size_t, result *);
IMPORT(ATOMICS, "[method]cas.current") void cas_current(int32_t, value_result *);
IMPORT(ATOMICS, "[resource-drop]cas") void cas_drop(int32_t);
IMPORT(ATOMICS, "swap") void swap(int32_t, const void *, size_t, swap_result *);
IMPORT(STORE, "[method]bucket.list-keys") void list_keys(int32_t, int32_t more, const void *, size_t, keys_result *);
#else
IMPORT(STORE, "[method]bucket.list-keys") void list_keys(int32_t, int32_t more, uint64_t cursor, keys_result *);
#endif
IMPORT(STORE, "open") void open(const void *, size_t, result *);
IMPORT(STORE, "[resource-drop]bucket") void drop_bucket(int32_t);
IMPORT(STORE, "[method]bucket.get") void get(int32_t, const void *, size_t, value_result *);
IMPORT(STORE, "[method]bucket.set") void set(int32_t, const void *, size_t, const void *, size_t, result *);
IMPORT(STORE, "[method]bucket.delete") void delete (int32_t, const void *, size_t, result *);
IMPORT(STORE, "[method]bucket.exists") void exists(int32_t, const void *, size_t, result *);
IMPORT(ATOMICS, "increment") void increment(int32_t, const void *, size_t, delta, number_result *);
IMPORT(BATCH, "get-many") void get_many(int32_t, const list *, size_t, pairs_result *);
IMPORT(BATCH, "set-many") void set_many(int32_t, const pair *, size_t, result *);
IMPORT(BATCH, "delete-many") void delete_many(int32_t, const list *, size_t, result *);

static int32_t buckets[16];
static uint8_t long_value[5000];

static bool ok(int failed, const store_error *error) {
    if (!failed)
        return true;
    say(error->kind == 0 ? "no such store" : error->kind == 1 ? "access denied" : "other: ");
    if (error->kind == 2)
        put(error->text.data, error->text.size);
    say("\n");
    return false;
}

static void done(result *of) {
    if (ok(of->failed, &of->error))
        say("ok\n");
}

static void told(value_result *of) {
    if (!ok(of->failed, &of->error))
        return;
    if (!of->there)
        say("none");
    else if (of->value.size > 100)
        number(of->value.size);
    else
        put(of->value.data, of->value.size);
    say("\n");
}

static void keys(int32_t bucket) {
    keys_result page = {0};
    int pages = 0;
    do {
#ifdef DRAFT2
        list_keys(bucket, page.more, page.cursor.data, page.cursor.size, &page);
#else
        list_keys(bucket, page.more, page.cursor, &page);
#endif
        if (!ok(page.failed, &page.error))
            return;
        for (size_t i = 0; i < page.keys.size; i++) {
            put(((const list *)page.keys.data)[i].data, ((const list *)page.keys.data)[i].size);
            say(" ");
        }
        pages++;
    } while (page.more);
    tell("in pages", pages);
}

static list number_key(int i) {
    static char name[3];
    name[0] = 'k';
    name[1] = '0' + i / 10;
    name[2] = '0' + i % 10;
    return (list){(const uint8_t *)name, 3};
}

static void command(void) {
    result of;
    value_result value;
    list what = word();
    if (is(what, "open")) {
        int slot = count() & 15;
        open(rest.data, rest.size, &of);
        if (!of.failed)
            buckets[slot] = of.handle;
        done(&of);
        return;
    }
    int32_t bucket = buckets[count() & 15];
    list key = word();
    if (is(what, "get")) {
        get(bucket, key.data, key.size, &value);
        told(&value);
    } else if (is(what, "set")) {
        set(bucket, key.data, key.size, rest.data, rest.size, &of);
        done(&of);
    } else if (is(what, "fill")) {
        set(bucket, key.data, key.size, long_value, count(), &of);
        done(&of);
    } else if (is(what, "long")) {
        rest = key;
        set(bucket, long_value, count(), "", 0, &of);
        done(&of);
    } else if (is(what, "delete")) {
        delete (bucket, key.data, key.size, &of);
        done(&of);
    } else if (is(what, "exists")) {
        exists(bucket, key.data, key.size, &of);
        if (ok(of.failed, &of.error))
            say(of.there ? "yes\n" : "no\n");
    } else if (is(what, "keys"))
        keys(bucket);
    else if (is(what, "many")) { // keys k00, k01, …
        int most = count();
        of.failed = 0;
        for (int i = 0; i < most && !of.failed; i++) {
            list name = number_key(i);
            set(bucket, name.data, name.size, key.data, key.size, &of);
        }
        done(&of);
    } else if (is(what, "churn")) { // the same key again and again
        int times = count();
        of.failed = 0;
        for (int i = 0; i < times && !of.failed; i++)
            set(bucket, key.data, key.size, long_value, 100, &of);
        done(&of);
    } else if (is(what, "increment")) {
        number_result sum;
        bool minus = rest.size && rest.data[0] == '-';
        if (minus) {
            rest.data++;
            rest.size--;
        }
        delta by = count();
        increment(bucket, key.data, key.size, minus ? -by : by, &sum);
        if (ok(sum.failed, &sum.error))
            tell("is", sum.number);
    } else if (is(what, "batch")) {
        pair pairs[] = {{{(const uint8_t *)"a", 1}, {(const uint8_t *)"1", 1}},
            {{(const uint8_t *)"b", 1}, {(const uint8_t *)"22", 2}}};
        list names[] = {pairs[1].key, {(const uint8_t *)"no", 2}, pairs[0].key};
        pairs_result got;
        set_many(bucket, pairs, 2, &of);
        done(&of);
        get_many(bucket, names, 3, &got);
        if (ok(got.failed, &got.error))
            for (size_t i = 0; i < got.pairs.size; i++) {
                const optional_pair *one = (const optional_pair *)got.pairs.data + i;
                if (one->there) {
                    put(one->pair.key.data, one->pair.key.size);
                    say("=");
                    put(one->pair.value.data, one->pair.value.size);
                    say(" ");
                } else
                    say("none ");
            }
        say("\n");
        delete_many(bucket, names, 3, &of);
        done(&of);
    } else if (is(what, "greedy")) {
        list names[] = {key, key, key};
        pairs_result got;
        get_many(bucket, names, 3, &got);
        if (ok(got.failed, &got.error))
            say("ok\n");
#ifdef DRAFT2
    } else if (is(what, "swap")) {
        swap_result swapped;
        cas_new(bucket, key.data, key.size, &of);
        int32_t cas = of.handle;
        cas_current(cas, &value);
        told(&value);
        set(bucket, key.data, key.size, "other", 5, &of);
        swap(cas, rest.data, rest.size, &swapped);
        tell("failed", swapped.failed && swapped.kind);
        cas = swapped.cas;
        cas_current(cas, &value);
        told(&value);
        swap(cas, rest.data, rest.size, &swapped);
        tell("failed", swapped.failed);
        cas_new(bucket, key.data, key.size, &of);
        cas_drop(of.handle);
#endif
    } else if (is(what, "close")) {
        drop_bucket(bucket);
        say("ok\n");
    } else
        say("?\n");
}

EXPORT("wasi:cli/run@0.2.0#run") int32_t run(void) {
    result of;
    for (size_t i = 0; i < sizeof long_value; i++)
        long_value[i] = 'v';
    open("", 0, &of);
    buckets[0] = of.handle;
    if (ok(of.failed, &of.error))
        commands(command);
    return 0;
}
