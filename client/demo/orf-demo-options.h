/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* What the demo worker is told to be. */

typedef enum {
  ORF_DEMO_LAW_LINEAR,    /* base + item · n */
  ORF_DEMO_LAW_QUADRATIC, /* base + item · n + pair · n², as attention does */
  ORF_DEMO_LAW_PADDED,    /* base + item · (n up to a power of two) */
} OrfDemoLaw;

/* For tests of who asks for memory: how it behaves when it is asked to clean up. */
typedef enum {
  ORF_DEMO_HONEST,
  ORF_DEMO_LIE,    /* frees nothing, and claims all that is idle */
  ORF_DEMO_HANG,   /* never answers */
  ORF_DEMO_DIE,    /* is killed */
  ORF_DEMO_REFUSE, /* says no */
} OrfDemoMisbehave;

typedef struct {
  char *name;
  char *socket;    /* NULL: the default */
  char *otlp;      /* where its spans go; NULL: it makes none */
  char *simulated; /* the folder of the simulated device; NULL: an OpenCL device */
  char *device;    /* NULL: that of the device; "": none told */
  OrfDemoLaw law;
  OrfDemoMisbehave misbehave;
  gint64 limit_bytes;   /* of the pool; 0: none */
  gint64 weights_bytes; /* held as long as it runs; an aggressive cleanup unloads them */
  gint64 idle_bytes; /* touched once at the start and released: what a past peak left in the pool */
  gint64 base_bytes, item_bytes, pair_bytes; /* of the law */
  gint64 leak_bytes;                         /* a batch */
  gint64 leak_after;                         /* so many batches */
  gint64 max_batch;                          /* 0: no batches */
  gint64 n_batches;                          /* 0: until it is told to end */
  gint64 n_cache_keys;                       /* 0: no cache */
  gint64 period_us, report_us, reload_us;
  guint32 seed;
} OrfDemoOptions;

/* From a command line; --help prints and ends the program.  NULL with an error for what it is not.
 */
OrfDemoOptions *orf_demo_options_parse (int *argc, char ***argv, GError **error);
void orf_demo_options_free (OrfDemoOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfDemoOptions, orf_demo_options_free)

/* Pure: what a batch of n items takes besides the weights. */
gint64 orf_demo_law_bytes (const OrfDemoOptions *options, gint64 n);
