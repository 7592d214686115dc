/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-connection.h"
#include "store/orf-store.h"

G_BEGIN_DECLS

/* The tables `cost`, `cost_device` and `cost_minute`; see orf-store-cost-spans.h. */

typedef enum {
  ORF_COST_USED, /* of a device; its name is how that is known */
  ORF_COST_IDLE,
  ORF_COST_UNSEEN,
  ORF_COST_PROCESS,
  ORF_COST_WORKER,
  ORF_COST_OPERATION, /* of all devices */
  ORF_COST_N_KINDS
} OrfCostKind;

/* Names that are none. */
#define ORF_COST_NOBODY "(none)"
#define ORF_COST_OTHER  "(other)"

/* What of an hour was somebody's at a price.  A plain value; texts of what was read are owned. */
typedef struct {
  OrfCostKind kind;
  gint64 t_us; /* the hour; of sums that were read 0 */
  char *device;
  char *service;
  char *name;
  gint64 price_nano; /* -1: unknown */
  gint64 device_us;
} OrfCostRow;

/* Texts are copied; NULL is "". */
OrfCostRow *orf_cost_row_new (
  OrfCostKind kind, gint64 t_us, const char *device, const char *service, const char *name);
void orf_cost_row_free (OrfCostRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCostRow, orf_cost_row_free)

typedef struct {
  char *device;
  gint64 first_us; /* 0: as the file has it */
  gint64 until_us;
} OrfCostDevice;

void orf_cost_device_free (OrfCostDevice *device);

typedef struct {
  gint64 t_us; /* the minute */
  gint64 price_nano;
  gint64 used_us; /* of all devices */
  gint64 devices; /* that were used */
} OrfCostMinute;

/* What is added in one transaction. */
typedef struct {
  GPtrArray *rows;    /* OrfCostRow */
  GPtrArray *devices; /* OrfCostDevice */
  GArray *minutes;    /* OrfCostMinute */
  gint64 max_names;   /* of an hour, a kind and a device */
  gint64 keep_from_us;
} OrfCostChange;

OrfCostChange *orf_cost_change_new (void);
void orf_cost_change_free (OrfCostChange *change);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCostChange, orf_cost_change_free)

/* Acknowledgement lane.  Takes change. */
void orf_store_write_costs (OrfStore *store,
                            OrfCostChange *change,
                            OrfWriteDone done,
                            gpointer user_data);
/* In the writer's transaction. */
gboolean
orf_costs_add (OrfConnection *connection, const GPtrArray *rows, gint64 max_names, GError **error);
/* OrfCostDevice, blocking, at start only. */
GPtrArray *orf_store_load_cost_devices (OrfStore *store, GError **error);

/* ---- in a reader's thread: nothing where the file is older than the tables --------------------
 */

gboolean orf_costs_are_there (OrfConnection *connection, gboolean *there, GError **error);
/* Hours of from_us <= t_us < to_us, added up: OrfCostRow, of a device each where by_device. */
gboolean orf_costs_read (OrfConnection *connection,
                         OrfCostKind kind,
                         gboolean by_device,
                         gint64 from_us,
                         gint64 to_us,
                         GPtrArray *rows,
                         GError **error);
/* When the first device was first seen, and until when the last is accounted for; 0, 0: none was.
 */
gboolean
orf_costs_read_span (OrfConnection *connection, gint64 *first_us, gint64 *until_us, GError **error);
/* The price that held last on the device; -1: unknown. */
gboolean orf_costs_read_last_price (OrfConnection *connection,
                                    const char *device,
                                    gint64 *price_nano,
                                    GError **error);
/* The text of the deploy mark nearest to t_us, within reach_us; NULL: none. */
gboolean orf_costs_read_mark (
  OrfConnection *connection, gint64 t_us, gint64 reach_us, char **text, GError **error);

G_END_DECLS
