/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* No memory for SQLite: GLib ends the process where it gets none, so nothing else is refused any.
 */
#include "shim.h"

#include <link.h>
#include <stdlib.h>
#include <string.h>

/* Where SQLite's code is. */
static uintptr_t code_begin, code_end;

static int
find_code_cb (struct dl_phdr_info *library, size_t size, void *data)
{
  (void) size;
  (void) data;
  if (strstr (library->dlpi_name, "libsqlite3.so") == NULL)
    return 0;
  for (int i = 0; i < library->dlpi_phnum; i++)
    if (library->dlpi_phdr[i].p_type == PT_LOAD && (library->dlpi_phdr[i].p_flags & PF_X) != 0) {
      code_begin = library->dlpi_addr + library->dlpi_phdr[i].p_vaddr;
      code_end = code_begin + library->dlpi_phdr[i].p_memsz;
    }
  return 1;
}

static void __attribute__ ((constructor)) find_code (void)
{
  dl_iterate_phdr (find_code_cb, NULL);
}

static bool
refuses (const void *caller)
{
  ShimPage *page = shim_get_page ();

  if (page == NULL || (uintptr_t) caller < code_begin || (uintptr_t) caller >= code_end ||
      __atomic_load_n (&page->memory_times, __ATOMIC_SEQ_CST) <= 0)
    return false;
  if (__atomic_sub_fetch (&page->memory_skip, 1, __ATOMIC_SEQ_CST) >= 0)
    return false;
  if (__atomic_sub_fetch (&page->memory_times, 1, __ATOMIC_SEQ_CST) < 0)
    return false;
  __atomic_add_fetch (&page->memory_met, 1, __ATOMIC_SEQ_CST);
  return true;
}

/* The next allocator is a sanitizer's where there is one. */
void *
malloc (size_t size)
{
  SHIM_NEXT (malloc)
  return refuses (__builtin_return_address (0)) ? NULL : next (size);
}

void *
realloc (void *memory, size_t size)
{
  SHIM_NEXT (realloc)
  return refuses (__builtin_return_address (0)) ? NULL : next (memory, size);
}
