/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a message of JSON-RPC: one answer, and that is JSON. */
#include "fuzz-router.h"

static void
send_cb (gpointer transport, const char *data, gsize length)
{
  ++*(guint *) transport;
  if (data != NULL)
    fuzz_check_answer (data, length);
}

/* no *.watch is bound */
static void
open_cb (gpointer transport, guint64 stream, const OrfStreamSpec *spec)
{
  g_assert_not_reached ();
}

static void
close_cb (gpointer transport, guint64 stream, const char *status)
{
  g_assert_not_reached ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const OrfPeerOps ops = { .send = send_cb,
                                  .stream_open = open_cb,
                                  .stream_close = close_cb };
  guint n_answers = 0;
  g_autoptr (OrfPeer)
    peer = orf_peer_new (fuzz_get_router (), &ops, &n_answers, ORF_ROLE_OPERATE, "fuzz");

  orf_peer_receive (peer, (const char *) data, size, NULL);
  if (n_answers != 1)
    g_error ("%u answers to one message", n_answers);
  return 0;
}
