/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cleanup/orf-cleanup-books.h"

/* Between two reports: of fewer looks each may have met a batch. */
#define MIN_LOOKS 3
/* A process takes and drops more than what its allocator holds: stacks, what its driver compiles,
 * libraries' own buffers.  Books are not called made up for less than this, nor for less than half
 * of what is claimed by them. */
#define SLACK_BYTES (64 * G_GINT64_CONSTANT (1048576))
#define SLACK_SHARE 2

void
orf_cleanup_books_begin (OrfCleanupBooks *books, const OrfBooksReport *report, gint64 used_bytes)
{
  *books = (OrfCleanupBooks){
    .first = *report,
    .last = *report,
    .used_bytes = used_bytes,
    .held_bytes = -1,
  };
}

/* What it held between two reports was no more than the larger one says, unless it took memory and
 * gave it back meanwhile; and what it uses beside that stays as it was. */
static void
compare (OrfCleanupBooks *books)
{
  if (books->used_bytes >= 0 && books->first.reserved_bytes >= 0)
    books->excess_bytes = books->least_bytes - books->held_bytes -
                          (books->used_bytes - books->first.reserved_bytes);
}

/* Of the reports since it was asked; the one before it says nothing of what it did then. */
static void
note_held (OrfCleanupBooks *books, gint64 reserved_bytes)
{
  if (reserved_bytes < 0)
    return;
  books->held_bytes = MAX (books->held_bytes, reserved_bytes);
  if (books->n_looks < MIN_LOOKS)
    return;
  compare (books);
  books->held_bytes = reserved_bytes;
  books->n_looks = 0;
}

static void
note_report (OrfCleanupBooks *books, const OrfBooksReport *report)
{
  note_held (books, report->reserved_bytes);
  if (books->first.reserved_bytes >= 0 && report->reserved_bytes >= 0)
    books->fallen_bytes = MAX (books->fallen_bytes,
                               books->first.reserved_bytes - report->reserved_bytes);
  if (books->first.returned_bytes >= 0)
    books->returned_bytes = MAX (books->returned_bytes,
                                 report->returned_bytes - books->first.returned_bytes);
  books->last = *report;
}

void
orf_cleanup_books_add (OrfCleanupBooks *books, const OrfBooksReport *report, gint64 used_bytes)
{
  /* a look that was under way when the report came may be of before or after it: it is of neither
   */
  if (report->reported_us != books->last.reported_us) {
    note_report (books, report);
  } else if (used_bytes >= 0 && books->held_bytes >= 0) {
    books->least_bytes = books->n_looks > 0 ? MIN (books->least_bytes, used_bytes) : used_bytes;
    books->n_looks++;
  }
}

gboolean
orf_cleanup_books_explain (const OrfCleanupBooks *books,
                           gint64 claimed_bytes,
                           gint64 tolerance_bytes)
{
  gint64 told_bytes = MAX (books->fallen_bytes, books->returned_bytes);

  return told_bytes > 0 && told_bytes + tolerance_bytes >= claimed_bytes &&
         books->excess_bytes <= MAX (claimed_bytes / SLACK_SHARE, SLACK_BYTES);
}
