/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Invariant.  Of the two jobs (make, write) at most one is in flight: so each step is made from a
 * file that has the one before.  The OrfPacker goes with the make job; nobody else looks at it.
 */
#include "store/orf-store-packing.h"

#include "core/orf-clock.h"
#include "store/orf-packer.h"
#include "store/orf-store-private.h"

/* How often it is looked whether enough rows are there: a look costs microseconds. */
#define LOOK_MS 1000
/* After a step that failed: the cause is the disk or the file, told by the writer. */
#define RETRY_US (10 * ORF_US_PER_S)

struct _OrfStorePacking {
  OrfStore *store;
  OrfQueue *jobs; /* of one reader */
  OrfStoreReader *reader;
  OrfPacker *packer;
  GSource *look; /* NULL: stopped */
  gboolean busy;
  gint64 next_all_us; /* monotonic: when whatever there is gets packed */
  gint64 retry_us;
  char *fault; /* of the last step; NULL: it was made and written */
};

typedef struct {
  OrfReadJob base;
  OrfStorePacking *packing;
  OrfPackLimits limits;
  OrfPackStep *step; /* the answer */
} MakeJob;

static void packing_make (OrfStorePacking *self, gboolean all);

static void
packing_fail (OrfStorePacking *self, const GError *error)
{
  self->busy = FALSE;
  self->retry_us = orf_clock_monotonic_us () + RETRY_US;
  g_free (self->fault);
  self->fault = g_strdup_printf ("packing waits: %s", error->message);
  if (self->look != NULL)
    g_warning ("%s", self->fault);
}

static void
packing_rest (OrfStorePacking *self)
{
  self->busy = FALSE;
  g_clear_pointer (&self->fault, g_free);
}

/* ---- writing a step -------------------------------------------------------------------------- */

static void
written_cb (gpointer user_data, const OrfWriteResult *result G_GNUC_UNUSED, const GError *error)
{
  OrfStorePacking *self = user_data;

  if (error != NULL) {
    packing_fail (self, error);
    return;
  }
  g_clear_pointer (&self->fault, g_free);
  packing_make (self, FALSE);
}

/* ---- making a step --------------------------------------------------------------------------- */

static gboolean
make_thread_cb (OrfReadJob *base, OrfConnection *connection, GError **error)
{
  MakeJob *job = (MakeJob *) base;

  return orf_packer_make_step (job->packing->packer, connection, &job->limits, &job->step, error);
}

static void
made_cb (OrfJob *base)
{
  MakeJob *job = (MakeJob *) base;
  OrfStorePacking *self = job->packing;

  orf_store_landed (self->store);
  if (job->base.error != NULL)
    packing_fail (self, job->base.error);
  else if (job->step != NULL)
    orf_store_write_pack (self->store, g_steal_pointer (&job->step), written_cb, self);
  else
    packing_rest (self);
}

static void
make_free_cb (OrfJob *base)
{
  MakeJob *job = (MakeJob *) base;

  orf_pack_step_free (job->step);
  orf_read_job_free (&job->base);
}

static void
packing_make (OrfStorePacking *self, gboolean all)
{
  MakeJob *job = (MakeJob *) orf_read_job_new_sized (sizeof *job, self->store, NULL);

  self->busy = TRUE;
  job->packing = self;
  job->limits = (OrfPackLimits){ self->store->options.pack_rows, all };
  job->base.read_thread_cb = make_thread_cb;
  /* the rows of a large window may take longer than a reader is given, and cannot be asked in parts
   */
  job->base.bounded = FALSE;
  job->base.base.done = made_cb;
  job->base.base.free = make_free_cb;
  orf_store_submit (self->store, self->jobs, 0, FALSE, &job->base.base, &job->base.error);
}

static gboolean
look_cb (gpointer data)
{
  OrfStorePacking *self = data;
  gint64 now_us = orf_clock_monotonic_us ();
  gboolean all = now_us >= self->next_all_us;

  if (self->busy || now_us < self->retry_us)
    return G_SOURCE_CONTINUE;
  if (all)
    self->next_all_us = now_us + self->store->options.pack_us;
  packing_make (self, all);
  return G_SOURCE_CONTINUE;
}

/* ---- life ------------------------------------------------------------------------------------ */

OrfStorePacking *
orf_store_packing_start (OrfStore *store, GError **error)
{
  OrfStorePacking *self = g_new0 (OrfStorePacking, 1);

  self->store = store;
  self->jobs = orf_queue_new (1, 1);
  self->packer = orf_packer_new ();
  self->reader = orf_store_reader_start (store->options.path, ORF_CONNECTION_READ,
                                         store->options.read_us, self->jobs, store->closing, error);
  if (self->reader == NULL) {
    orf_store_packing_free (self);
    return NULL;
  }
  /* What an earlier run left is packed first. */
  self->look = g_timeout_source_new (LOOK_MS);
  g_source_set_callback (self->look, look_cb, self, NULL);
  g_source_attach (self->look, NULL);
  return self;
}

const char *
orf_store_packing_get_fault (OrfStorePacking *self)
{
  return self->fault;
}

void
orf_store_packing_stop (OrfStorePacking *self)
{
  if (self->look == NULL)
    return;
  g_source_destroy (self->look);
  g_clear_pointer (&self->look, g_source_unref);
  orf_queue_close (self->jobs);
  g_clear_pointer (&self->reader, orf_store_reader_join);
}

void
orf_store_packing_free (OrfStorePacking *self)
{
  orf_queue_unref (self->jobs);
  orf_packer_free (self->packer);
  g_free (self->fault);
  g_free (self);
}
