/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Costs in the file: names that find no room, minutes that wait for spans, spans that are looked
 * at. */
#include "../store/span-maker.h"

#include "cost/orf-cost-book.h"
#include "cost/orf-cost-read.h"
#include "cost/orf-cost-spans.h"

#define M ORF_COST_MINUTE_US
#define H ORF_COST_HOUR_US
#define T (490000 * H)

#define COUNT(sql) store_query (fixture->path, sql)
#define WRITE_SPANS(...)                                                                           \
  G_STMT_START                                                                                     \
  {                                                                                                \
    const MadeSpan made[] = { __VA_ARGS__ };                                                       \
                                                                                                   \
    made_spans_write (fixture, made, G_N_ELEMENTS (made));                                         \
  }                                                                                                \
  G_STMT_END

static void
set_up (StoreFixture *fixture, gconstpointer data)
{
  store_fixture_set_up (fixture, data);
  store_fixture_open (fixture);
}

static void
write_change (StoreFixture *fixture, OrfCostBook *book, gint64 max_names, gint64 keep_from_us)
{
  g_auto (StoreAnswer) answer = { 0 };
  OrfCostChange *change;

  orf_cost_book_see (book, "d", T, T + H);
  change = orf_cost_book_close (book);
  change->max_names = max_names;
  change->keep_from_us = keep_from_us;
  orf_store_write_costs (fixture->store, change, store_answer_write_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
}

static void
write_selves (StoreFixture *fixture,
              const OrfCostSelf *selves,
              guint n,
              gint64 before_no,
              gint64 span_no,
              gint64 close_before_us)
{
  g_auto (StoreAnswer) answer = { 0 };
  OrfCostSelves *written = orf_cost_selves_new ();

  g_array_append_vals (written->selves, selves, n);
  written->before_no = before_no;
  written->span_no = span_no;
  written->close_before_us = close_before_us;
  written->max_names = 100;
  orf_store_write_cost_selves (fixture->store, written, store_answer_write_cb, &answer);
  store_answer_wait (&answer);
  g_assert_no_error (answer.error);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void
test_room_for_names (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (OrfCostBook) book = orf_cost_book_new ();

  for (guint round = 0; round < 2; round++) {
    for (guint i = 0; i < 5; i++) {
      char name[] = { (char) ('a' + i), '\0' };

      orf_cost_book_add (book, ORF_COST_PROCESS, T, "d", name, 7, 10);
      orf_cost_book_add (book, ORF_COST_PROCESS, T, "e", name, 7, 10);
      orf_cost_book_add (book, ORF_COST_WORKER, T + H, "d", name, 7, 10);
    }
    orf_cost_book_add (book, ORF_COST_PROCESS, T, "d", ORF_COST_NOBODY, 7, 10);
    write_change (fixture, book, 3, 0);
  }
  g_assert_cmpint (COUNT ("SELECT count(*) FROM cost WHERE kind = 'process' AND device = 'd'"), ==,
                   3 + 2);
  g_assert_cmpint (COUNT ("SELECT device_us FROM cost WHERE kind = 'process' AND device = 'd' "
                          "AND name = '(other)'"),
                   ==, 2 * 2 * 10);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM cost WHERE device_us = 20 AND name = 'c'"), ==, 3);
  g_assert_cmpint (COUNT ("SELECT sum(device_us) FROM cost"), ==, 2 * 16 * 10);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM v_cost WHERE amount IS NULL"), ==, 0);
}

static void
test_kept_for_so_long (StoreFixture *fixture, gconstpointer data)
{
  g_autoptr (OrfCostBook) book = orf_cost_book_new ();

  for (guint i = 0; i < 4; i++) {
    orf_cost_book_add (book, ORF_COST_USED, T + i * H, "d", "memory", 7, 1);
    orf_cost_book_add (book, ORF_COST_IDLE, T + i * H, "d", "", 7, 1);
  }
  write_change (fixture, book, 3, T + 2 * H);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM cost"), ==, 4);
  g_assert_cmpint (COUNT ("SELECT min(t_us) FROM cost"), ==, T + 2 * H);
}

/* ---- minutes --------------------------------------------------------------------------------- */

static OrfCostBill *
read_bill (StoreFixture *fixture, OrfCostBy by)
{
  g_autoptr (OrfConnection)
    connection = orf_connection_open (fixture->path, ORF_CONNECTION_READ, NULL);
  OrfCostSummaryRead read = {
    .by = by,
    .from_us = T,
    .to_us = T + H,
    .now_us = T + H,
    .max_spans = 100,
  };
  OrfCostBill *bill;
  g_autoptr (GError) error = NULL;

  g_assert_true (orf_cost_summary_read_run (&read, connection, &error));
  g_assert_no_error (error);
  bill = g_steal_pointer (&read.bill);
  orf_cost_summary_read_clear (&read);
  return bill;
}

static gint64
get_used (const OrfCostBill *bill, const char *name)
{
  for (guint i = 0; i < bill->lines->len; i++) {
    const OrfCostLine *line = bill->lines->pdata[i];

    if (g_str_equal (line->name, name))
      return line->used.us;
  }
  return 0;
}

static void
assert_split (StoreFixture *fixture)
{
  g_autoptr (OrfCostBill) bill = read_bill (fixture, ORF_COST_BY_OPERATION);
  g_autoptr (OrfCostBill) services = read_bill (fixture, ORF_COST_BY_SERVICE);
  gint64 sum = 0;

  for (guint i = 0; i < bill->lines->len; i++)
    sum += ((OrfCostLine *) bill->lines->pdata[i])->used_nano;
  g_assert_cmpint (sum, ==, bill->used_nano);
  /* the first minute: 30 s on two devices, of which paint was active for 9 s and send for 3 */
  g_assert_cmpint (get_used (bill, "paint"), ==, 2 * 9 * M / 60);
  g_assert_cmpint (get_used (bill, "send"), ==, 2 * 3 * M / 60 + M / 60);
  /* the second: a second of one device, of which send was active for a minute; the third: nobody */
  g_assert_cmpint (get_used (bill, ORF_COST_NOBODY), ==, (30 - 24) * M / 60 + M / 2);
  g_assert_cmpint (get_used (services, "api"), ==, get_used (bill, "paint"));
  g_assert_cmpint (services->used_nano, ==, bill->used_nano);
}

static void
use_minutes (StoreFixture *fixture)
{
  g_autoptr (OrfCostBook) book = orf_cost_book_new ();
  const gint64 prices[] = { 2000000000, 3000000001 };

  for (guint i = 0; i < 2; i++) {
    orf_cost_book_use (book, T, i == 0 ? "d" : "e", prices[i], M / 4);
    orf_cost_book_add (book, ORF_COST_USED, T, i == 0 ? "d" : "e", "memory", prices[i], M / 4);
  }
  orf_cost_book_use (book, T + M, "d", prices[0], M / 60);
  orf_cost_book_use (book, T + 2 * M, "e", prices[1], M / 2);
  orf_cost_book_add (book, ORF_COST_USED, T, "d", "memory", prices[0], M / 60);
  orf_cost_book_add (book, ORF_COST_USED, T, "e", "memory", prices[1], M / 2);
  write_change (fixture, book, 100, 0);
}

/* Asked for while spans may still come, and after: the same. */
static void
test_minutes_are_split (StoreFixture *fixture, gconstpointer data)
{
  OrfCostSelf selves[] = { { T, 0, 9 * M / 60 }, { T, 0, 3 * M / 60 }, { T + M, 0, M } };

  WRITE_SPANS ({ 1, 1, 0, "api", "paint", T - H, 1 }, { 1, 2, 1, "mail", "send", T - H, 1 });
  selves[0].operation_no = COUNT ("SELECT operation_no FROM span_operation WHERE service = 'api'");
  selves[1].operation_no = selves[2].operation_no = COUNT (
    "SELECT operation_no FROM span_operation WHERE service = 'mail'");
  use_minutes (fixture);
  write_selves (fixture, selves, 3, -1, 2, 0);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM cost WHERE kind = 'operation'"), ==, 0);
  assert_split (fixture);
  write_selves (fixture, NULL, 0, 2, 2, T + M);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM cost_minute"), ==, 2);
  assert_split (fixture);
  write_selves (fixture, NULL, 0, 2, 2, T + H);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM cost_minute"), ==, 0);
  g_assert_cmpint (COUNT ("SELECT count(*) FROM cost_span"), ==, 0);
  g_assert_cmpint (COUNT ("SELECT closed_us FROM cost_state"), ==, T + H);
  assert_split (fixture);
}

/* Another has looked at the same spans meanwhile. */
static void
test_spans_count_once (StoreFixture *fixture, gconstpointer data)
{
  const OrfCostSelf self = { T, 1, 5 };

  write_selves (fixture, &self, 1, -1, 10, 0);
  write_selves (fixture, &self, 1, -1, 20, 0);
  g_assert_cmpint (COUNT ("SELECT self_us FROM cost_span"), ==, 5);
  g_assert_cmpint (COUNT ("SELECT span_no FROM cost_state"), ==, 10);
  write_selves (fixture, &self, 1, 10, 20, 0);
  g_assert_cmpint (COUNT ("SELECT self_us FROM cost_span"), ==, 10);
}

/* ---- spans ----------------------------------------------------------------------------------- */

static gint64
look (StoreFixture *fixture, gint64 from_no, gint64 to_no, gint64 max_spans, const char *operation)
{
  g_autofree char *sql = g_strdup_printf ("SELECT operation_no FROM span_operation "
                                          "WHERE operation = '%s'",
                                          operation);
  g_autoptr (OrfConnection)
    connection = orf_connection_open (fixture->path, ORF_CONNECTION_READ, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray)
    selves = orf_cost_spans_look (&(OrfCostLook){ from_no, to_no, 0, T + H, max_spans, "orfeasd" },
                                  connection, &error);
  gint64 operation_no = COUNT (sql), sum = 0;

  g_assert_no_error (error);
  for (guint i = 0; i < selves->len; i++) {
    const OrfCostSelf *self = &g_array_index (selves, OrfCostSelf, i);

    if (self->operation_no == operation_no)
      sum += self->self_us;
  }
  return sum;
}

/* A child that came in the batch before covers its parent, and counts no second time. */
static void
test_spans_are_looked_at (StoreFixture *fixture, gconstpointer data)
{
  WRITE_SPANS ({ 1, 2, 1, "api", "paint", T, 400 });
  WRITE_SPANS ({ 1, 1, 0, "page", "load", T, 1000 }, { 2, 1, 0, "page", "load", T, 10 });
  g_assert_cmpint (look (fixture, 0, 3, 100, "load"), ==, 600 + 10);
  g_assert_cmpint (look (fixture, 0, 3, 100, "paint"), ==, 400);
  g_assert_cmpint (look (fixture, 1, 3, 100, "load"), ==, 600 + 10);
  g_assert_cmpint (look (fixture, 1, 3, 100, "paint"), ==, 0);
  g_assert_cmpint (look (fixture, 1, 2, 100, "load"), ==, 600);
}

/* They use no device, but who waits for them does not, either. */
static void
test_own_spans_cost_nothing (StoreFixture *fixture, gconstpointer data)
{
  WRITE_SPANS ({ 1, 1, 0, "page", "load", T, 1000 },
               { 1, 2, 1, "orfeasd", "worker.report", T, 400 });
  g_assert_cmpint (look (fixture, 0, 2, 100, "load"), ==, 600);
  g_assert_cmpint (look (fixture, 0, 2, 100, "worker.report"), ==, 0);
}

/* Minutes are split for good by the clock that there is. */
static void
test_closed_ahead (StoreFixture *fixture, gconstpointer data)
{
  OrfCostState state = { .closed_us = T };

  g_assert_cmpint (orf_cost_spans_get_closed_us (&state, T + H), ==, T);
  g_assert_cmpint (orf_cost_spans_get_closed_us (&state, T - H), ==, 0);
}

/* More than may be looked at: runs of them stand for all. */
static void
test_samples_stand_for_all (StoreFixture *fixture, gconstpointer data)
{
  enum { N = 6000 };
  g_autofree MadeSpan *made = g_new0 (MadeSpan, N);

  for (guint i = 0; i < N; i++)
    made[i] = (MadeSpan){ i + 1, 1, 0, "api", i % 3 == 0 ? "paint" : "send", T + i, 300 };
  for (guint i = 0; i < N; i += 1000)
    made_spans_write (fixture, &made[i], 1000);
  g_assert_cmpint (look (fixture, 0, N, N, "paint"), ==, N / 3 * 300);
  for (guint max = 1000; max <= 4000; max += 1500) {
    gint64 paint = look (fixture, 0, N, max, "paint"), send = look (fixture, 0, N, max, "send");

    g_assert_cmpint (ABS (paint - N / 3 * 300), <, N);
    g_assert_cmpint (ABS (paint + send - N * 300), <=, 2);
  }
}

int
main (int argc, char **argv)
{
#define ADD(path, test)                                                                            \
  g_test_add ("/cost-file/" path, StoreFixture, NULL, set_up, test, store_fixture_tear_down)
  g_test_init (&argc, &argv, NULL);
  ADD ("room-for-names", test_room_for_names);
  ADD ("kept-for-so-long", test_kept_for_so_long);
  ADD ("minutes-are-split", test_minutes_are_split);
  ADD ("spans-count-once", test_spans_count_once);
  ADD ("spans-are-looked-at", test_spans_are_looked_at);
  ADD ("own-spans-cost-nothing", test_own_spans_cost_nothing);
  ADD ("closed-ahead", test_closed_ahead);
  ADD ("samples-stand-for-all", test_samples_stand_for_all);
  return g_test_run ();
}
