// Files as a POSIX program uses them, by wasi-libc and the adapter from preview 1: what each call gives, a line each.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void say(const char *text) {
    write(1, text, strlen(text));
}

static void number(long value) {
    char digits[12];
    int at = sizeof digits;
    do
        digits[--at] = '0' + value % 10;
    while (value /= 10);
    write(1, digits + at, sizeof digits - at);
}

static int show(const char *what, int result) {
    int error = errno;
    say(what);
    say(result < 0 ? " errno " : " ");
    number(result < 0 ? error : result);
    say("\n");
    return result;
}

int main(void) {
    char text[64] = {0};
    struct stat about;
    int file = show("open", open("/log.txt", O_CREAT | O_RDWR | O_APPEND, 0666));
    for (int i = 0; i < 100; i++)
        write(file, "a line of the log\n", 18);
    show("fstat", fstat(file, &about));
    show("size", about.st_size);
    show("a file", S_ISREG(about.st_mode));
    show("dated", about.st_mtim.tv_sec > 1577836800);
    show("seek", lseek(file, -4, SEEK_END));
    show("read", read(file, text, sizeof text));
    say(text);
    close(file);

    show("mkdir", mkdir("sub", 0777));
    show("mkdir", mkdir("sub", 0777));
    show("rename", rename("log.txt", "sub/old.txt"));
    file = show("open", open("sub/new.txt", O_CREAT | O_EXCL | O_RDWR, 0666));
    show("write", write(file, "0123456789", 10));
    show("pwrite", pwrite(file, "ab", 2, 4));
    show("ftruncate", ftruncate(file, 7));
    show("fsync", fsync(file));
    show("pread", pread(file, text, sizeof text, 2));
    text[5] = '\n';
    text[6] = 0;
    say(text);
    show("close", close(file));
    DIR *directory = opendir("sub");
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] != '.') {
            say(entry->d_name);
            say(entry->d_type == DT_REG ? " is a file\n" : " is no file\n");
        }
    closedir(directory);
    show("rmdir", rmdir("sub"));
    show("open", open("../secret", O_RDONLY));
    show("open", open("nowhere/secret", O_RDONLY));
    show("access", access("sub/old.txt", F_OK));
    show("symlink", symlink("sub", "link"));
    show("unlink", unlink("sub/old.txt"));
    show("unlink", unlink("sub/new.txt"));
    show("rmdir", rmdir("sub"));

    static char block[1024]; // a board that runs this has hardly 4 KiB of heap in one piece
    int blocks = 0, wrote;
    file = open("big", O_CREAT | O_WRONLY, 0666);
    while ((wrote = write(file, block, sizeof block)) > 0 && blocks < 40)
        blocks++;
    show("write", wrote);
    show("blocks", blocks);
    show("close", close(file));
    show("unlink", unlink("big"));
    write(2, "done\n", 5);
    return 0;
}
