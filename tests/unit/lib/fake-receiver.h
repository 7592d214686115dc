/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <pthread.h>

/* A receiver of OTLP on a thread of its own, which answers what it is told to and keeps what it was
 * sent. */
typedef struct {
  int listener;
  char *endpoint;
  pthread_t thread;
  pthread_mutex_t lock; /* protects what is below */
  pthread_cond_t changed;
  GPtrArray *heads;           /* of requests, texts */
  GPtrArray *bodies;          /* GBytes */
  const char *const *answers; /* heads of answers, the last one for all that follow */
  gboolean held;              /* requests are not read */
} FakeReceiver;

/* answers: status line and headers without lengths, ended by NULL; static. */
void fake_receiver_init (FakeReceiver *receiver, const char *const *answers);
void fake_receiver_clear (FakeReceiver *receiver);
void fake_receiver_hold (FakeReceiver *receiver, gboolean held);
/* The n-th body, waited for. */
GBytes *fake_receiver_wait (FakeReceiver *receiver, guint n);
guint fake_receiver_get_n (FakeReceiver *receiver);

/* The spans of a body, as text: "5:\"name\" 6:1 9{1:\"key\" 2{3:7}}", a line each; ids and times as
 * hex.  resource: the same of that, may be NULL. */
GPtrArray *fake_receiver_read_spans (GBytes *body, char **resource);
/* The text behind "NUMBER:" at the outermost level; NULL: it is not there. */
char *fake_receiver_get_field (const char *span, guint number);
