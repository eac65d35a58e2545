#include "enrich/supplies.h"

#include <stddef.h>

/* What only a recording or a system with code signatures tells. */
static const field_id from_outside[] = {FIELD_process_hash_md5, FIELD_process_hash_sha1,
	FIELD_process_code_signature_exists, FIELD_process_code_signature_trusted,
	FIELD_process_code_signature_status, FIELD_process_code_signature_signing_id,
	FIELD_process_code_signature_team_id, FIELD_process_code_signature_subject_name,
	FIELD_process_code_signature_cdhash, FIELD_process_Ext_platform_binary,
	FIELD_process_parent_hash_md5, FIELD_process_parent_hash_sha1,
	FIELD_process_parent_code_signature_exists, FIELD_process_parent_code_signature_trusted,
	FIELD_process_parent_code_signature_status, FIELD_process_parent_code_signature_signing_id,
	FIELD_process_parent_code_signature_team_id,
	FIELD_process_parent_code_signature_subject_name,
	FIELD_process_parent_code_signature_cdhash, FIELD_process_responsible_entity_id,
	FIELD_process_responsible_executable, FIELD_container_name, FIELD_container_image_name};

static const field_id shown[] = {
#define OWN(attr, field)       FIELD_##field,
#define PARENT(attr, field)    FIELD_##field,
#define SHOW(who, attr, field) FIELD_##field,
#include "enrich/process.def"
};

/* derive.c, entry.c, and what the agent says of its host. */
static const field_id derived[] = {FIELD_timestamp, FIELD_event_action, FIELD_event_category,
	FIELD_event_type, FIELD_event_outcome, FIELD_data_stream_dataset,
	FIELD_data_stream_namespace, FIELD_agent_id, FIELD_host_ip, FIELD_user_effective_id,
	FIELD_user_effective_name, FIELD_process_Ext_ancestry,
	FIELD_process_entry_leader_entry_meta_type, FIELD_file_name, FIELD_file_extension,
	FIELD_file_directory, FIELD_file_owner, FIELD_file_group, FIELD_file_Ext_original_name,
	FIELD_file_Ext_original_extension, FIELD_dll_name, FIELD_network_type,
	FIELD_Persistence_name, FIELD_user_changes_name, FIELD_user_target_name,
	FIELD_user_target_group_name, FIELD_host_id, FIELD_host_name, FIELD_host_hostname,
	FIELD_host_os_type, FIELD_host_os_family, FIELD_host_os_name, FIELD_host_os_version,
	FIELD_host_os_kernel, FIELD_host_architecture};

void enrich_supplies(const uint64_t *kinds, uint64_t *bits)
{
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		bits[shown[i] / 64] |= UINT64_C(1) << (shown[i] % 64);
	for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++)
		bits[derived[i] / 64] |= UINT64_C(1) << (derived[i] % 64);
	if (kinds[KIND_network_accept / 64] >> (KIND_network_accept % 64) & 1)
		bits[FIELD_process_entry_leader_entry_meta_source_ip / 64] |=
			UINT64_C(1) << (FIELD_process_entry_leader_entry_meta_source_ip % 64);
	if (kinds[KIND_dns_answer / 64] >> (KIND_dns_answer % 64) & 1)
		bits[FIELD_destination_domain / 64] |= UINT64_C(1)
						       << (FIELD_destination_domain % 64);
	for (size_t i = 0; i < sizeof(from_outside) / sizeof(from_outside[0]); i++)
		bits[from_outside[i] / 64] &= ~(UINT64_C(1) << (from_outside[i] % 64));
}
