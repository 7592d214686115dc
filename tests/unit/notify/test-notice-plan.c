/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each rule of delivery does, one at a time; all together are in test-notice-plan-model.c. */
#include "notify/orf-notice-plan.h"

#include "notice-fixture.h"

/* Times are far from 0, which stands for none. */
#define T0 (1000 * S)

typedef struct {
  OrfNoticePlan *plan;
  OrfNoticeTiming timing;
  GHashTable *alerts; /* id -> OrfNoticeAlert */
  gint64 next_notice;
  gint64 next_us;
} Fixture;

static char *group_by_rule[] = { (char *) "rule", NULL };

static void
set_up (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfNoticeReceiver receivers[] = { { "one", FALSE }, { "push", TRUE } };

  fixture->plan = orf_notice_plan_new ();
  fixture->timing = (OrfNoticeTiming){ .group_by = group_by_rule,
                                       .group_interval_us = 10 * S,
                                       .max_per_minute = 100,
                                       .max_waiting = 100 };
  orf_notice_plan_set_timing (fixture->plan, &fixture->timing);
  orf_notice_plan_set_receivers (fixture->plan, receivers, G_N_ELEMENTS (receivers));
  fixture->alerts = g_hash_table_new_full (NULL, NULL, NULL,
                                           (GDestroyNotify) orf_notice_alert_unref);
  fixture->next_notice = 1;
}

static void
tear_down (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  orf_notice_plan_free (fixture->plan);
  g_hash_table_unref (fixture->alerts);
}

static void
add (Fixture *fixture, OrfNoticeAlert *alert, const char *to, OrfNoticeEvent event, gint64 now_us)
{
  g_auto (GStrv) receivers = g_strsplit (to, " ", -1);

  orf_notice_plan_set_alert (fixture->plan, alert);
  for (guint i = 0; receivers[i] != NULL; i++)
    orf_notice_plan_add (fixture->plan, orf_notice_new (fixture->next_notice++, receivers[i], event,
                                                        now_us, alert));
  g_hash_table_insert (fixture->alerts, GINT_TO_POINTER ((int) alert->alert_id), alert);
}

static void
fire (Fixture *fixture, int id, const char *rule, const char *labels, const char *to, gint64 now_us)
{
  /* "low" is inhibited by "high" */
  add (fixture, make_alert (id, rule, labels, g_str_equal (rule, "low") ? "high" : NULL, now_us),
       to, ORF_NOTICE_FIRING, now_us);
}

static void
resolve (Fixture *fixture, int id, const char *to, gint64 now_us)
{
  OrfNoticeAlert *alert = g_hash_table_lookup (fixture->alerts, GINT_TO_POINTER (id));

  add (fixture, make_over (alert, now_us), to, ORF_NOTICE_RESOLVED, now_us);
}

/* "one: al-1/firing al-2/firing; -3 silenced silence si-1; ": posts, then what became of notices.
 */
static char *
step (Fixture *fixture, gint64 now_us)
{
  g_autoptr (OrfNoticeSteps) steps = orf_notice_plan_step (fixture->plan, now_us);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < steps->posts->len; i++) {
    const OrfNoticePost *post = steps->posts->pdata[i];

    g_string_append_printf (text, "%s%s:", post->receiver, post->is_summary ? " summary" : "");
    for (guint j = 0; j < post->notices->len; j++) {
      g_autofree char *id = orf_notice_dup_stable_id (post->notices->pdata[j]);

      g_string_append_printf (text, " %s", id);
    }
    g_string_append (text, "; ");
  }
  for (guint i = 0; i < steps->changes->len; i++) {
    const OrfNoticeChange *change = steps->changes->pdata[i];

    g_string_append_printf (text, "%" G_GINT64_FORMAT " %s%s %s; ", change->notice->id,
                            orf_notice_state_get_word (change->state),
                            change->is_final ? " for good" : "", change->reason);
  }
  for (guint i = 0; i < steps->repeats->len; i++) {
    const OrfNotice *notice = steps->repeats->pdata[i];

    g_string_append_printf (text, "again %s al-%" G_GINT64_FORMAT "; ", notice->receiver,
                            notice->alert->alert_id);
  }
  fixture->next_us = steps->next_us;
  return g_string_free (text, FALSE);
}

#define check_step(fixture, now_us, expected)                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree char *told_text = step (fixture, now_us);                                           \
    g_assert_cmpstr (told_text, ==, expected);                                                     \
  }                                                                                                \
  G_STMT_END

static void
silence (Fixture *fixture, const char *matchers, gint64 from_us, gint64 until_us)
{
  GPtrArray *silences = g_ptr_array_new_with_free_func ((GDestroyNotify) orf_notice_silence_free);

  if (matchers != NULL)
    g_ptr_array_add (silences, orf_notice_silence_new (1, matchers, from_us, until_us, NULL));
  orf_notice_plan_set_silences (fixture->plan, silences);
}

static void
test_groups (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  fire (fixture, 1, "hot", "device 0", "one", T0);
  fire (fixture, 2, "hot", "device 1", "one", T0);
  fire (fixture, 3, "full", "device 1", "one", T0);
  check_step (fixture, T0, "one: al-1/firing al-2/firing; one: al-3/firing; ");
  g_assert_cmpint (fixture->next_us, ==, G_MAXINT64);
  fire (fixture, 4, "hot", "device 2", "one", T0 + 2 * S);
  fire (fixture, 5, "new", "device 2", "one", T0 + 2 * S);
  check_step (fixture, T0 + 2 * S, "one: al-5/firing; ");
  g_assert_cmpint (fixture->next_us, ==, T0 + 10 * S);
  fire (fixture, 6, "hot", "device 3", "one", T0 + 9 * S);
  check_step (fixture, T0 + 10 * S - 1, "");
  check_step (fixture, T0 + 10 * S, "one: al-4/firing al-6/firing; ");
}

static void
test_group_wait (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  fixture->timing.group_wait_us = 3 * S;
  fixture->timing.group_by = NULL;
  orf_notice_plan_set_timing (fixture->plan, &fixture->timing);
  fire (fixture, 1, "hot", "device 0", "one", T0);
  check_step (fixture, T0, "");
  g_assert_cmpint (fixture->next_us, ==, T0 + 3 * S);
  fire (fixture, 2, "full", "device 0", "one", T0 + S);
  check_step (fixture, T0 + 3 * S, "one: al-1/firing al-2/firing; ");
}

static void
test_end_in_order (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  fire (fixture, 1, "hot", "device 0", "one push", T0);
  resolve (fixture, 1, "one push", T0);
  check_step (fixture, T0,
              "one: al-1/firing; one: al-1/resolved; push: al-1/firing; push: al-1/resolved; ");
  g_assert_cmpuint (orf_notice_plan_count_waiting (fixture->plan, "one"), ==, 0);
  /* the end of what nobody was told of */
  fire (fixture, 2, "full", "device 0", "push", T0 + S);
  resolve (fixture, 2, "one push", T0 + S);
  check_step (
    fixture, T0 + S,
    "push: al-2/firing; push: al-2/resolved; 6 dropped for good that it fired was not told; ");
}

static void
test_silence (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  silence (fixture, "{rule=\"hot\",device=~\"0|1\"}", T0, T0 + 60 * S);
  fire (fixture, 1, "hot", "device 0", "one", T0);
  fire (fixture, 2, "hot", "device 1", "one", T0);
  fire (fixture, 3, "hot", "device 2", "one", T0);
  check_step (fixture, T0, "one: al-3/firing; 1 silenced silence si-1; 2 silenced silence si-1; ");
  g_assert_cmpint (fixture->next_us, ==, T0 + 60 * S);
  /* its end is told to nobody, as it was not told */
  resolve (fixture, 2, "one", T0 + 20 * S);
  check_step (
    fixture, T0 + 20 * S,
    "2 silenced for good it ended meanwhile; 4 dropped for good that it fired was not told; ");
  check_step (fixture, T0 + 60 * S, "one: al-1/firing; ");
  /* the end of what was told is told, silenced or not */
  silence (fixture, "hot", T0 + 60 * S, T0 + 600 * S);
  resolve (fixture, 1, "one", T0 + 80 * S);
  check_step (fixture, T0 + 80 * S, "one: al-1/resolved; ");
}

static void
test_silence_ended_early (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  silence (fixture, "{severity=\"warning\"}", T0, T0 + 600 * S);
  fire (fixture, 1, "hot", "device 0", "one push", T0);
  check_step (fixture, T0, "1 silenced silence si-1; 2 silenced silence si-1; ");
  silence (fixture, NULL, 0, 0);
  check_step (fixture, T0 + S, "one: al-1/firing; push: al-1/firing; ");
}

static void
test_inhibition (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  fire (fixture, 1, "low", "device 0", "one", T0);
  fire (fixture, 2, "low", "device 1 host a", "one", T0);
  fire (fixture, 3, "high", "device 1", "one", T0);
  check_step (fixture, T0, "one: al-1/firing; one: al-3/firing; 2 inhibited al-3 of high fires; ");
  g_assert_cmpint (fixture->next_us, ==, G_MAXINT64);
  resolve (fixture, 3, "one", T0 + 20 * S);
  check_step (fixture, T0 + 20 * S, "one: al-2/firing; one: al-3/resolved; ");
}

static void
test_repeat (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  OrfNoticeAlert *alert;

  fixture->timing.repeat_us = 100 * S;
  orf_notice_plan_set_timing (fixture->plan, &fixture->timing);
  fire (fixture, 1, "hot", "device 0", "one push", T0);
  check_step (fixture, T0, "one: al-1/firing; push: al-1/firing; ");
  g_assert_cmpint (fixture->next_us, ==, T0 + 100 * S);
  check_step (fixture, T0 + 100 * S, "again one al-1; ");
  check_step (fixture, T0 + 101 * S, ""); /* once */
  alert = g_hash_table_lookup (fixture->alerts, GINT_TO_POINTER (1));
  orf_notice_plan_add (fixture->plan,
                       orf_notice_new (3, "one", ORF_NOTICE_REPEAT, T0 + 101 * S, alert));
  check_step (fixture, T0 + 102 * S, "one: al-1/repeat-3; ");
  g_assert_cmpint (fixture->next_us, ==, T0 + 202 * S);
  check_step (fixture, T0 + 202 * S, "again one al-1; ");
  orf_notice_plan_acknowledge (fixture->plan, 1);
  orf_notice_plan_add (fixture->plan,
                       orf_notice_new (4, "one", ORF_NOTICE_REPEAT, T0 + 202 * S, alert));
  check_step (fixture, T0 + 203 * S, "4 dropped for good it was acknowledged; ");
  check_step (fixture, T0 + 1000 * S, "");
}

/* A clock that is set back by more than all these times: each is waited for once more, and no
 * longer. */
static void
test_clock_back (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const gint64 back_us = T0 - 900 * S;

  fixture->timing.repeat_us = 100 * S;
  fixture->timing.group_wait_us = 3 * S;
  orf_notice_plan_set_timing (fixture->plan, &fixture->timing);
  fire (fixture, 1, "hot", "device 0", "one", T0);
  check_step (fixture, T0, "");
  check_step (fixture, T0 + 3 * S, "one: al-1/firing; ");
  fire (fixture, 2, "hot", "device 1", "one", T0 + 4 * S);
  check_step (fixture, back_us, "");
  g_assert_cmpint (fixture->next_us, ==, back_us + 10 * S);
  check_step (fixture, back_us + 10 * S, "one: al-2/firing; ");
  check_step (fixture, back_us + 100 * S, "again one al-1; ");
  check_step (fixture, back_us + 110 * S, "again one al-2; ");
}

static void
test_rate (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  fixture->timing.max_per_minute = 2;
  orf_notice_plan_set_timing (fixture->plan, &fixture->timing);
  fire (fixture, 1, "a", "device 0", "one push", T0);
  fire (fixture, 2, "b", "device 0", "one push", T0 + S);
  fire (fixture, 3, "c", "device 0", "one push", T0 + S);
  check_step (fixture, T0 + S,
              "one: al-1/firing; one: al-2/firing; push: al-1/firing al-2/firing al-3/firing; "
              "5 limited [notify] max_per_minute: waits for a summary; ");
  g_assert_cmpint (fixture->next_us, ==, T0 + 61 * S);
  resolve (fixture, 2, "one", T0 + 30 * S);
  resolve (fixture, 3, "one", T0 + 31 * S);
  check_step (fixture, T0 + 31 * S,
              "7 limited [notify] max_per_minute: waits for a summary; "
              "8 limited [notify] max_per_minute: waits for a summary; ");
  check_step (fixture, T0 + 61 * S, "one summary: al-3/firing al-3/resolved al-2/resolved; ");
}

static void
test_many (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (OrfNoticeSteps) steps = NULL;
  const OrfNoticePost *post;

  fixture->timing.max_waiting = 250;
  orf_notice_plan_set_timing (fixture->plan, &fixture->timing);
  for (int i = 1; i <= 300; i++) {
    g_autofree char *labels = g_strdup_printf ("device %d", i);

    fire (fixture, i, "hot", labels, "one", T0);
  }
  steps = orf_notice_plan_step (fixture->plan, T0);
  g_assert_cmpuint (steps->posts->len, ==, 3);
  post = steps->posts->pdata[2];
  g_assert_cmpuint (post->notices->len, ==, 50);
  g_assert_cmpuint (steps->changes->len, ==, 50); /* dropped, and said so */
}

static void
test_receiver_gone (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  const OrfNoticeReceiver receivers[] = { { "push", TRUE } };

  silence (fixture, "hot", T0, T0 + 600 * S);
  fire (fixture, 1, "hot", "device 0", "one push", T0);
  check_step (fixture, T0, "1 silenced silence si-1; 2 silenced silence si-1; ");
  orf_notice_plan_set_receivers (fixture->plan, receivers, 1);
  resolve (fixture, 1, "one", T0);
  check_step (fixture, T0,
              "1 dropped for good there is no such receiver any more; "
              "3 dropped for good there is no such receiver any more; "
              "2 silenced for good it ended meanwhile; ");
}

/* After a restart. */
static void
test_restored (Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
  g_autoptr (GPtrArray) firing = NULL;

  fire (fixture, 1, "hot", "device 0", "", T0);
  orf_notice_plan_restore_told (fixture->plan, 1, "one", T0 - 5 * S);
  orf_notice_plan_restore_told (fixture->plan, 1, "push", T0 - 5 * S);
  check_step (fixture, T0, "");
  firing = orf_notice_plan_list_firing (fixture->plan, "push", T0);
  g_assert_cmpuint (firing->len, ==, 1);
  resolve (fixture, 1, "one push", T0 + S);
  check_step (fixture, T0 + S, "one: al-1/resolved; push: al-1/resolved; ");
  g_ptr_array_unref (firing);
  firing = orf_notice_plan_list_firing (fixture->plan, "push", T0);
  g_assert_cmpuint (firing->len, ==, 0);
}

static void
test_telling (void)
{
  g_autoptr (OrfNoticeAlert) alert = make_alert (7, "hot", "device 0 rule mine", NULL, T0);
  g_autoptr (OrfNoticeAlert) over = make_over (alert, T0 + S);
  g_autoptr (OrfNoticePost) post = orf_notice_post_new ("one", NULL, TRUE);
  g_autoptr (OrfAlertTelling) telling = NULL;
  g_autofree char **labels = orf_notice_alert_list_labels (alert);
  g_autofree char *text = g_strjoinv (" ", labels);
  const OrfAlertTold *told;

  g_assert_cmpstr (text, ==, "device 0 rule hot severity warning");
  g_ptr_array_add (post->notices, orf_notice_new (1, "one", ORF_NOTICE_FIRING, T0, alert));
  g_ptr_array_add (post->notices, orf_notice_new (2, "one", ORF_NOTICE_RESOLVED, T0, over));
  telling = orf_notice_post_tell (post, 10);
  g_assert_cmpint (telling->status, ==, ORF_ALERT_TELLING_STATUS_RESOLVED);
  g_assert_cmpint (telling->left_out, ==, 1);
  g_assert_cmpuint (telling->alerts->len, ==, 1);
  told = telling->alerts->pdata[0];
  g_assert_cmpstr (told->id, ==, "al-7/resolved");
  g_assert_true (told->has_resolved_us);
}

#define ADD(path, test) g_test_add (path, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/notice-plan/groups", test_groups);
  ADD ("/notice-plan/group-wait", test_group_wait);
  ADD ("/notice-plan/clock-back", test_clock_back);
  ADD ("/notice-plan/end-in-order", test_end_in_order);
  ADD ("/notice-plan/silence", test_silence);
  ADD ("/notice-plan/silence-ended-early", test_silence_ended_early);
  ADD ("/notice-plan/inhibition", test_inhibition);
  ADD ("/notice-plan/repeat", test_repeat);
  ADD ("/notice-plan/rate", test_rate);
  ADD ("/notice-plan/many", test_many);
  ADD ("/notice-plan/receiver-gone", test_receiver_gone);
  ADD ("/notice-plan/restored", test_restored);
  g_test_add_func ("/notice/telling", test_telling);
  return g_test_run ();
}
