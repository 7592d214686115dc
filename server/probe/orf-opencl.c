/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/orf-opencl.h"

#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <gmodule.h>
#include <string.h>

#include "orf-error.h"

#define LIBRARY "libOpenCL.so.1"
/* More than any machine has; a driver that claims more is broken. */
#define MAX_PLATFORMS 32
#define MAX_DEVICES   64
#define MAX_TEXT      (64 * 1024) /* extension lists are the longest */
#define MAX_KIB       ((gsize) G_MAXINT64 / 1024)

/* Vendors' queries that Debian 12's headers do not all have. */
#define DEVICE_TOPOLOGY_AMD           0x4037
#define DEVICE_GLOBAL_FREE_MEMORY_AMD 0x4039 /* size_t[2], KiB: free, largest free block */
#define DEVICE_PCI_BUS_ID_NV          0x4008
#define DEVICE_PCI_SLOT_ID_NV         0x4009
#define DEVICE_PCI_DOMAIN_ID_NV       0x400A
#define DEVICE_PCI_BUS_INFO_KHR       0x410F
#define DEVICE_UUID_KHR               0x106A

struct _OrfOpencl {
  GModule *module;
  cl_int (*get_platform_ids) (cl_uint, cl_platform_id *, cl_uint *);
  cl_int (*get_device_ids) (cl_platform_id, cl_device_type, cl_uint, cl_device_id *, cl_uint *);
  cl_int (*get_platform_info) (cl_platform_id, cl_platform_info, size_t, void *, size_t *);
  cl_int (*get_device_info) (cl_device_id, cl_device_info, size_t, void *, size_t *);
  GArray *facts;   /* OrfOpenclFacts */
  GArray *devices; /* cl_device_id, by the same index */
};

static gboolean
load_symbols (OrfOpencl *opencl, GError **error)
{
  const struct {
    const char *name;
    gpointer *target;
  } symbols[] = {
    { "clGetPlatformIDs", (gpointer *) &opencl->get_platform_ids },
    { "clGetDeviceIDs", (gpointer *) &opencl->get_device_ids },
    { "clGetPlatformInfo", (gpointer *) &opencl->get_platform_info },
    { "clGetDeviceInfo", (gpointer *) &opencl->get_device_info },
  };

  opencl->module = g_module_open (LIBRARY, G_MODULE_BIND_LAZY | G_MODULE_BIND_LOCAL);
  if (!opencl->module) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "no OpenCL library: %s",
                 g_module_error ());
    return FALSE;
  }

  for (guint i = 0; i < G_N_ELEMENTS (symbols); i++) {
    if (!g_module_symbol (opencl->module, symbols[i].name, symbols[i].target) ||
        !*symbols[i].target) {
      g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%s lacks %s", LIBRARY,
                   symbols[i].name);
      return FALSE;
    }
  }

  return TRUE;
}

/* Exactly size bytes of a device's property; FALSE where the driver does not know it. */
static gboolean
read_device (
  OrfOpencl *opencl, cl_device_id device, cl_device_info property, gpointer value, gsize size)
{
  size_t got = 0;

  return opencl->get_device_info (device, property, size, value, &got) == CL_SUCCESS && got == size;
}

static char *
dup_device_text (OrfOpencl *opencl, cl_device_id device, cl_device_info property)
{
  g_autofree char *text = NULL;
  size_t size = 0;

  if (opencl->get_device_info (device, property, 0, NULL, &size) != CL_SUCCESS || size > MAX_TEXT)
    return g_strdup ("");
  text = g_malloc0 (size + 1);
  if (opencl->get_device_info (device, property, size, text, NULL) != CL_SUCCESS)
    return g_strdup ("");

  return g_utf8_make_valid (g_strstrip (text), -1);
}

static char *
dup_platform_name (OrfOpencl *opencl, cl_platform_id platform)
{
  char name[256] = { 0 };

  if (opencl->get_platform_info (platform, CL_PLATFORM_NAME, sizeof name - 1, name, NULL) !=
      CL_SUCCESS)
    return g_strdup ("");

  return g_utf8_make_valid (g_strstrip (name), -1);
}

static gboolean
has_extension (const char *extensions, const char *name)
{
  g_auto (GStrv) list = g_strsplit (extensions, " ", -1);

  return g_strv_contains ((const char *const *) list, name);
}

/* Each vendor's way of telling the bus address. */
static char *
dup_pci_id (OrfOpencl *opencl, cl_device_id device, const char *extensions)
{
  cl_uint khr[4] = { 0 }; /* domain, bus, device, function */
  cl_uint bus = 0;
  cl_uint slot = 0;
  cl_uint domain = 0;
  guint8 amd[24] = { 0 }; /* cl_device_topology_amd: type, unused[17], bus, device, function */

  if (has_extension (extensions, "cl_khr_pci_bus_info") &&
      read_device (opencl, device, DEVICE_PCI_BUS_INFO_KHR, khr, sizeof khr))
    return g_strdup_printf ("pci-%04x:%02x:%02x.%x", khr[0], khr[1], khr[2], khr[3]);

  if (has_extension (extensions, "cl_amd_device_attribute_query") &&
      read_device (opencl, device, DEVICE_TOPOLOGY_AMD, amd, sizeof amd) && amd[0] == 1)
    return g_strdup_printf ("pci-0000:%02x:%02x.%x", amd[21], amd[22], amd[23]);

  if (has_extension (extensions, "cl_nv_device_attribute_query") &&
      read_device (opencl, device, DEVICE_PCI_BUS_ID_NV, &bus, sizeof bus) &&
      read_device (opencl, device, DEVICE_PCI_SLOT_ID_NV, &slot, sizeof slot)) {
    /* Older drivers do not tell the domain, which is then 0. */
    if (!read_device (opencl, device, DEVICE_PCI_DOMAIN_ID_NV, &domain, sizeof domain))
      domain = 0;
    return g_strdup_printf ("pci-%04x:%02x:%02x.%x", domain, bus, slot >> 3, slot & 7);
  }

  return NULL;
}

static char *
dup_uuid_id (OrfOpencl *opencl, cl_device_id device, const char *extensions)
{
  guint8 uuid[16] = { 0 };
  GString *text = NULL;

  if (!has_extension (extensions, "cl_khr_device_uuid") ||
      !read_device (opencl, device, DEVICE_UUID_KHR, uuid, sizeof uuid))
    return NULL;

  text = g_string_new ("uuid-");
  for (guint i = 0; i < sizeof uuid; i++)
    g_string_append_printf (text, "%02x", uuid[i]);

  return g_string_free (text, FALSE);
}

/* FNV-1a: an id has to be the same in every run, so no keyed hash. */
static guint32
hash_text (guint32 hash, const char *text)
{
  for (; *text; text++)
    hash = (hash ^ (guint8) *text) * 16777619u;

  return (hash ^ 0xff) * 16777619u;
}

static gboolean
is_known (OrfOpencl *opencl, const char *id)
{
  for (guint i = 0; i < opencl->facts->len; i++) {
    if (g_str_equal (g_array_index (opencl->facts, OrfOpenclFacts, i).id, id))
      return TRUE;
  }

  return FALSE;
}

static char *
dup_hash_id (OrfOpencl *opencl, const char *platform, const char *name)
{
  guint32 hash = hash_text (hash_text (2166136261u, platform), name);
  char *id = g_strdup_printf ("opencl-%08x", hash);

  for (guint n = 2; is_known (opencl, id); n++) {
    g_free (id);
    id = g_strdup_printf ("opencl-%08x-%u", hash, n);
  }

  return id;
}

static void
end_text (char *text, gsize room)
{
  const char *end = NULL;

  text[room - 1] = '\0';
  g_utf8_validate (text, -1, &end);
  text[end - text] = '\0';
}

void
orf_opencl_facts_end_texts (OrfOpenclFacts *facts)
{
  end_text (facts->id, sizeof facts->id);
  end_text (facts->name, sizeof facts->name);
  end_text (facts->vendor, sizeof facts->vendor);
  end_text (facts->version, sizeof facts->version);
}

static void
add_device (OrfOpencl *opencl, const char *platform, cl_device_id device)
{
  g_autofree char *name = dup_device_text (opencl, device, CL_DEVICE_NAME);
  g_autofree char *vendor = dup_device_text (opencl, device, CL_DEVICE_VENDOR);
  g_autofree char *version = dup_device_text (opencl, device, CL_DRIVER_VERSION);
  g_autofree char *extensions = dup_device_text (opencl, device, CL_DEVICE_EXTENSIONS);
  g_autofree char *id = dup_pci_id (opencl, device, extensions);
  OrfOpenclFacts facts = { 0 };
  cl_ulong total_bytes = 0;
  cl_bool unified = CL_FALSE;

  if (!id)
    id = dup_uuid_id (opencl, device, extensions);
  if (id && is_known (opencl, id))
    return;
  if (!id)
    id = dup_hash_id (opencl, platform, name);

  if (read_device (opencl, device, CL_DEVICE_GLOBAL_MEM_SIZE, &total_bytes, sizeof total_bytes))
    facts.total_bytes = (gint64) MIN (total_bytes, (cl_ulong) G_MAXINT64);
  if (read_device (opencl, device, CL_DEVICE_HOST_UNIFIED_MEMORY, &unified, sizeof unified))
    facts.unified = unified == CL_TRUE;
  facts.has_free_memory = has_extension (extensions, "cl_amd_device_attribute_query");
  g_strlcpy (facts.id, id, sizeof facts.id);
  g_strlcpy (facts.name, name, sizeof facts.name);
  g_strlcpy (facts.vendor, vendor, sizeof facts.vendor);
  g_strlcpy (facts.version, version, sizeof facts.version);
  orf_opencl_facts_end_texts (&facts); /* which may have been cut within a letter */
  g_array_append_val (opencl->facts, facts);
  g_array_append_val (opencl->devices, device);
}

static void
add_platform (OrfOpencl *opencl, cl_platform_id platform, cl_device_type type)
{
  g_autofree char *name = dup_platform_name (opencl, platform);
  cl_device_id devices[MAX_DEVICES] = { 0 };
  cl_uint n_devices = 0;

  /* A platform without such devices says so by an error, which is nothing to tell. */
  if (opencl->get_device_ids (platform, type, MAX_DEVICES, devices, &n_devices) != CL_SUCCESS)
    return;

  for (cl_uint i = 0; i < MIN (n_devices, MAX_DEVICES) && opencl->facts->len < MAX_DEVICES; i++)
    add_device (opencl, name, devices[i]);
}

static gboolean
find_devices (OrfOpencl *opencl, GError **error)
{
  const cl_device_type types[] = {
    CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_ACCELERATOR | CL_DEVICE_TYPE_CUSTOM,
    CL_DEVICE_TYPE_CPU,
  };
  cl_platform_id platforms[MAX_PLATFORMS] = { 0 };
  cl_uint n_platforms = 0;
  cl_int rc = opencl->get_platform_ids (MAX_PLATFORMS, platforms, &n_platforms);

  if (rc != CL_SUCCESS || n_platforms == 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE,
                 "no OpenCL platform: no driver is installed (clGetPlatformIDs: %d)", rc);
    return FALSE;
  }

  for (guint t = 0; t < G_N_ELEMENTS (types); t++) {
    for (cl_uint i = 0; i < MIN (n_platforms, MAX_PLATFORMS); i++)
      add_platform (opencl, platforms[i], types[t]);
  }

  if (opencl->facts->len == 0) {
    g_set_error (error, ORF_ERROR, ORF_ERROR_UNAVAILABLE, "%u OpenCL platform%s, but no device",
                 n_platforms, n_platforms == 1 ? "" : "s");
    return FALSE;
  }

  return TRUE;
}

OrfOpencl *
orf_opencl_open (GError **error)
{
  g_autoptr (OrfOpencl) opencl = g_new0 (OrfOpencl, 1);

  opencl->facts = g_array_new (FALSE, TRUE, sizeof (OrfOpenclFacts));
  opencl->devices = g_array_new (FALSE, TRUE, sizeof (cl_device_id));
  if (!load_symbols (opencl, error) || !find_devices (opencl, error))
    return NULL;

  return g_steal_pointer (&opencl);
}

void
orf_opencl_free (OrfOpencl *opencl)
{
  if (!opencl)
    return;

  /* The module stays loaded: drivers leave threads and exit handlers behind that would run into
   * unmapped code. */
  g_array_unref (opencl->facts);
  g_array_unref (opencl->devices);
  g_free (opencl);
}

GArray *
orf_opencl_get_facts (OrfOpencl *opencl)
{
  return opencl->facts;
}

gboolean
orf_opencl_read_free (OrfOpencl *opencl, guint index, gint64 *free_bytes, gint64 *largest_bytes)
{
  cl_device_id device = g_array_index (opencl->devices, cl_device_id, index);
  size_t kib[2] = { 0 };

  if (!read_device (opencl, device, DEVICE_GLOBAL_FREE_MEMORY_AMD, kib, sizeof kib))
    return FALSE;

  *free_bytes = (gint64) MIN (kib[0], MAX_KIB) * 1024;
  *largest_bytes = (gint64) MIN (kib[1], MAX_KIB) * 1024;
  return TRUE;
}

GModule *
orf_opencl_get_module (OrfOpencl *opencl)
{
  return opencl->module;
}

gpointer
orf_opencl_get_device (OrfOpencl *opencl, guint index)
{
  return g_array_index (opencl->devices, cl_device_id, index);
}
