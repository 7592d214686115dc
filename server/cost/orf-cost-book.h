/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/orf-store-costs.h"

G_BEGIN_DECLS

/* What was measured since it was last written, added up by hours.  Main context. */
typedef struct _OrfCostBook OrfCostBook;

#define ORF_COST_HOUR_US   G_GINT64_CONSTANT (3600000000)
#define ORF_COST_MINUTE_US G_GINT64_CONSTANT (60000000)

OrfCostBook *orf_cost_book_new (void);
void orf_cost_book_free (OrfCostBook *book);

/* us of device time in the hour of t_us; 0 adds nothing. */
void orf_cost_book_add (OrfCostBook *book,
                        OrfCostKind kind,
                        gint64 t_us,
                        const char *device,
                        const char *name,
                        gint64 price_nano,
                        gint64 us);
/* A device's used time in the minute of t_us, which waits for spans. */
void orf_cost_book_use (
  OrfCostBook *book, gint64 t_us, const char *device, gint64 price_nano, gint64 used_us);
/* All of the device's time until then is in the book or the file.  first_us 0: it was known. */
void orf_cost_book_see (OrfCostBook *book, const char *device, gint64 first_us, gint64 until_us);

/* All of it, and the book is empty; NULL: it was. */
OrfCostChange *orf_cost_book_close (OrfCostBook *book);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OrfCostBook, orf_cost_book_free)

G_END_DECLS
