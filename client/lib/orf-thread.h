/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* What the library's own threads have in common. */

/* Signals are the program's: its handlers do not run on a thread that it does not know. */
bool orf_thread_start (pthread_t *thread, void *(*run) (void *), void *data);
/* One whose times are those of orf_thread_now_us(). */
void orf_thread_init_cond (pthread_cond_t *cond);
/* How many forks this process is away from the one in which they were first watched: what was made
 * in another has no thread here.  No system call. */
void orf_thread_watch_forks (void);
unsigned orf_thread_get_fork_generation (void);
/* By the monotonic clock. */
int64_t orf_thread_now_us (void);
