/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LD_PRELOAD below the daemon: its calls on the files of one folder fail, are cut short, end the
 * process or are recorded; its clock is another; SQLite's memory ends.  What happens stands in a
 * page that the scenario (tests/torture/shim.py) shares and changes while the daemon runs.
 *
 * ORFEAS_SHIM_PAGE: the page's file.  ORFEAS_SHIM_FOLDER: whose files are meant.
 * ORFEAS_SHIM_RECORD: where their changes are recorded; unset: nowhere.  Nothing is done without
 * the first.
 *
 * Invariant: the record is in the order in which things happened to the files, since a call and its
 * entry are one under a lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Bits of ShimPage.ops; the numbers are shim.py's too. */
typedef enum {
  SHIM_OPEN = 1 << 0,
  SHIM_READ = 1 << 1,
  SHIM_WRITE = 1 << 2,
  SHIM_SYNC = 1 << 3,
  SHIM_TRUNCATE = 1 << 4,
  SHIM_RENAME = 1 << 5,
  SHIM_UNLINK = 1 << 6,
} ShimOp;

/* Bits of ShimPage.files. */
typedef enum {
  SHIM_DATABASE = 1 << 0, /* ends in .db */
  SHIM_WAL = 1 << 1,
  SHIM_INDEX = 1 << 2, /* -shm */
  SHIM_OTHER = 1 << 3, /* copies on their way, lock, ballast, the folder itself */
} ShimFile;

typedef enum {
  SHIM_FAIL,       /* the call fails with errno `number` */
  SHIM_KILL,       /* before the call is made */
  SHIM_KILL_AFTER, /* once it is made */
  SHIM_KILL_TORN,  /* a write: once the half of it is made */
  SHIM_DELAY,      /* the call takes `number` µs longer */
  SHIM_SHORT,      /* a write: the half of it is made and told */
} ShimAction;

/* What happens at a statement. */
typedef enum {
  SHIM_STATEMENT_PASS,           /* nothing is armed */
  SHIM_STATEMENT_KILL,           /* before it */
  SHIM_STATEMENT_KILL_AFTER,     /* its transaction is open, or was its own */
  SHIM_STATEMENT_KILL_IN_COMMIT, /* with `skip` writes to the WAL made after it, and half of one */
} ShimStatementAction;

#define SHIM_MAX_STATEMENT 64

/* Shared memory, 8 bytes each.  The scenario writes ops last, and it is what arms. */
typedef struct {
  int64_t ops; /* 0: nothing is armed */
  int64_t files;
  int64_t skip;  /* calls that are let pass before */
  int64_t times; /* calls that are met then; the shim counts both down */
  int64_t action;
  int64_t number;
  int64_t met; /* so many were, ever */

  int64_t memory_skip;  /* of SQLite's allocations, the same */
  int64_t memory_times; /* 0: nothing is armed */
  int64_t memory_met;

  int64_t clock_us;   /* the time of day is so much later */
  int64_t n_recorded; /* entries of the record */

  int64_t statement_action;           /* ShimStatementAction; written last */
  int64_t statement_skip;             /* statements that are let pass before */
  char statement[SHIM_MAX_STATEMENT]; /* what its SQL has */
} ShimPage;

/* NULL: nobody asks for anything. */
ShimPage *shim_get_page (void);
/* In folder, and then of which kind; 0: none of ours. */
int shim_classify_path (const char *path);
int shim_classify_fd (int fd);

/* Whether this call is met, and what is to happen to it.  Kills and delays are done in here, but
 * for those that come after it. */
bool shim_is_met (ShimOp op, int file, ShimAction *action, int64_t *number);
void shim_kill (void);

typedef enum {
  SHIM_RECORD_CREATE = 'c',
  SHIM_RECORD_WRITE = 'w',
  SHIM_RECORD_TRUNCATE = 't', /* offset: the size */
  SHIM_RECORD_SYNC = 's',     /* also of the folder */
  SHIM_RECORD_FAILED = 'f',   /* a sync that failed */
  SHIM_RECORD_RENAME = 'r',   /* data: the new path */
  SHIM_RECORD_UNLINK = 'u',
} ShimRecord;

/* Around a call that changes a file; lock() is false where nothing is recorded, and then nothing is
 * to be unlocked. */
bool shim_record_lock (int file);
void shim_record_unlock (void);
void shim_record_add (
  ShimRecord kind, const char *path, int64_t offset, const void *data, size_t length);
void shim_record_add_fd (ShimRecord kind, int fd, int64_t offset, const void *data, size_t length);

/* The function of that name that would have been called without us. */
void *shim_next (const char *name);

/* In a function that stands before another: that one as `next`, looked up once. */
#define SHIM_NEXT(name)                                                                            \
  static __typeof__ (&name) next;                                                                  \
  if (next == NULL)                                                                                \
    next = (__typeof__ (&name)) shim_next (#name);
