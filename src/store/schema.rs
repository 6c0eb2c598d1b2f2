// @generated automatically by Diesel CLI.

diesel::table! {
    accounts (id) {
        id -> Int8,
        email -> Text,
        name -> Text,
        time_zone -> Text,
        password_hash -> Nullable<Text>,
        password_set_at -> Nullable<Int8>,
        is_operator -> Bool,
        disabled_at -> Nullable<Int8>,
        created_at -> Int8,
        unverified_since -> Nullable<Int8>,
        closed_at -> Nullable<Int8>,
    }
}

diesel::table! {
    api_key_last_uses (api_key_id) {
        api_key_id -> Int8,
        used_at -> Int8,
        address -> Text,
        client -> Text,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Int8,
        account_id -> Int8,
        brand -> Text,
        name -> Text,
        digest -> Bytea,
        digest_secret_id -> Text,
        scopes -> Nullable<Text>,
        created_at -> Int8,
        expires_at -> Nullable<Int8>,
        deactivated_at -> Nullable<Int8>,
        deactivated_by -> Nullable<Text>,
        ends_at -> Int8,
        deleted_at -> Nullable<Int8>,
        allowed_addresses -> Nullable<Text>,
        rate_limit -> Nullable<Int8>,
        secret_number -> Int8,
        overlap_ends_at -> Nullable<Int8>,
        call_limits -> Nullable<Text>,
    }
}

diesel::table! {
    audit_entries (id) {
        id -> Int8,
        at -> Int8,
        account_id -> Nullable<Int8>,
        actor -> Text,
        actor_id -> Nullable<Text>,
        action -> Text,
        target -> Nullable<Text>,
        result -> Text,
        address -> Nullable<Text>,
        client -> Nullable<Text>,
        request_id -> Nullable<Text>,
        actor_words -> Nullable<Text>,
        hash -> Nullable<Bytea>,
    }
}

diesel::table! {
    audit_head (id) {
        id -> Int8,
        last_id -> Int8,
        last_hash -> Bytea,
        anchor_id -> Int8,
        anchor_hash -> Bytea,
        before_id -> Int8,
        unconfirmed_from -> Nullable<Int8>,
        mac -> Nullable<Bytea>,
        mac_secret_id -> Nullable<Text>,
    }
}

diesel::table! {
    contact_emails (contact, email_key) {
        contact -> Text,
        email_key -> Text,
        email -> Text,
        position -> Int8,
    }
}

diesel::table! {
    contact_links (account_id, contact) {
        account_id -> Int8,
        contact -> Text,
        is_exclusive -> Bool,
        linked_at -> Int8,
    }
}

diesel::table! {
    contact_phones (contact, kind, digits) {
        contact -> Text,
        kind -> Text,
        digits -> Text,
        number -> Text,
        extension -> Nullable<Text>,
        position -> Int8,
    }
}

diesel::table! {
    contacts (handle) {
        handle -> Text,
        is_role -> Bool,
        company_name -> Nullable<Text>,
        first_name -> Nullable<Text>,
        middle_name -> Nullable<Text>,
        last_name -> Text,
        street -> Text,
        city -> Text,
        state -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        country -> Text,
        comment -> Text,
        registered_at -> Int8,
        updated_at -> Int8,
        revision -> Int8,
    }
}

diesel::table! {
    custom_providers (account_id, slug) {
        account_id -> Int8,
        slug -> Text,
        base_url -> Text,
        auth -> Text,
        created_at -> Int8,
    }
}

diesel::table! {
    customers (handle) {
        handle -> Text,
        name -> Text,
        organization -> Text,
        network -> Text,
        is_private -> Bool,
        street -> Text,
        city -> Text,
        state -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        country -> Text,
        comment -> Text,
        registered_at -> Int8,
        updated_at -> Int8,
        revision -> Int8,
    }
}

diesel::table! {
    dead_key_attempts (api_key_id) {
        api_key_id -> Int8,
        attempts -> Int8,
        first_at -> Int8,
        last_at -> Int8,
        address -> Text,
        client -> Text,
        told_at -> Nullable<Int8>,
        told_attempts -> Int8,
    }
}

diesel::table! {
    handle_counters (stem) {
        stem -> Text,
        last -> Int8,
    }
}

diesel::table! {
    idempotency_keys (account_id, key_digest) {
        account_id -> Int8,
        key_digest -> Bytea,
        body_digest -> Bytea,
        api_key_id -> Int8,
        created_at -> Int8,
    }
}

diesel::table! {
    instance_secrets (id) {
        id -> Text,
        fingerprint -> Bytea,
        created_at -> Int8,
    }
}

diesel::table! {
    invitations (id) {
        id -> Int8,
        token_digest -> Bytea,
        email -> Text,
        invited_by -> Text,
        created_at -> Int8,
        expires_at -> Int8,
        used_at -> Nullable<Int8>,
    }
}

diesel::table! {
    key_exposures (api_key_id, place) {
        api_key_id -> Int8,
        place -> Text,
        first_seen_at -> Int8,
        last_seen_at -> Int8,
        address -> Text,
    }
}

diesel::table! {
    key_requests (id) {
        id -> Int8,
        api_key_id -> Int8,
        at -> Int8,
        outcome -> Int8,
        method -> Text,
        path -> Text,
        status -> Int8,
        duration_us -> Int8,
        address -> Text,
        client -> Text,
        upstream_status -> Nullable<Int8>,
        upstream_us -> Nullable<Int8>,
    }
}

diesel::table! {
    known_devices (account_id, token_digest) {
        account_id -> Int8,
        token_digest -> Bytea,
        first_seen_at -> Int8,
        last_seen_at -> Int8,
    }
}

diesel::table! {
    link_requests (id) {
        id -> Int8,
        account_id -> Int8,
        contact -> Text,
        token_digest -> Bytea,
        created_at -> Int8,
        expires_at -> Int8,
        used_at -> Nullable<Int8>,
    }
}

diesel::table! {
    mails (id) {
        id -> Int8,
        account_id -> Nullable<Int8>,
        kind -> Text,
        recipient -> Text,
        sealed -> Nullable<Bytea>,
        once_key -> Nullable<Text>,
        created_at -> Int8,
        next_try_at -> Int8,
        tries -> Int8,
        last_error -> Nullable<Text>,
        sent_at -> Nullable<Int8>,
        gave_up_at -> Nullable<Int8>,
    }
}

diesel::table! {
    network_contacts (network, contact, function) {
        network -> Text,
        contact -> Text,
        function -> Text,
    }
}

diesel::table! {
    networks (handle) {
        handle -> Text,
        kind -> Text,
        name -> Text,
        version -> Int8,
        start_ip -> Bytea,
        end_ip -> Bytea,
        organization -> Nullable<Text>,
        customer -> Nullable<Text>,
        parent -> Nullable<Text>,
        comment -> Text,
        registered_at -> Int8,
        updated_at -> Int8,
        revision -> Int8,
    }
}

diesel::table! {
    one_time_links (token_digest) {
        token_digest -> Bytea,
        account_id -> Int8,
        purpose -> Text,
        created_at -> Int8,
        expires_at -> Int8,
        used_at -> Nullable<Int8>,
        email -> Nullable<Text>,
    }
}

diesel::table! {
    organization_contacts (organization, contact, function) {
        organization -> Text,
        contact -> Text,
        function -> Text,
    }
}

diesel::table! {
    organizations (handle) {
        handle -> Text,
        name -> Text,
        dba_name -> Nullable<Text>,
        tax_id -> Nullable<Text>,
        url -> Nullable<Text>,
        street -> Text,
        city -> Text,
        state -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        country -> Text,
        comment -> Text,
        accepts_reassignments -> Bool,
        registered_at -> Int8,
        updated_at -> Int8,
        revision -> Int8,
    }
}

diesel::table! {
    passkey_ceremonies (id_digest) {
        id_digest -> Bytea,
        account_id -> Nullable<Int8>,
        purpose -> Text,
        state -> Text,
        expires_at -> Int8,
    }
}

diesel::table! {
    passkeys (id) {
        id -> Int8,
        account_id -> Int8,
        credential_id -> Bytea,
        name -> Text,
        credential -> Text,
        counter -> Int8,
        created_at -> Int8,
        last_used_at -> Nullable<Int8>,
    }
}

diesel::table! {
    provider_grants (provider, account_id) {
        provider -> Text,
        account_id -> Int8,
        granted_at -> Int8,
    }
}

diesel::table! {
    provider_keys (id) {
        id -> Int8,
        account_id -> Nullable<Int8>,
        provider -> Text,
        place -> Text,
        sealed -> Bytea,
        hint -> Text,
        checked_at -> Nullable<Int8>,
        refused_status -> Nullable<Int8>,
        refused_words -> Nullable<Text>,
        refused_since -> Nullable<Int8>,
        created_at -> Int8,
        last_used_at -> Nullable<Int8>,
    }
}

diesel::table! {
    published_reports (slug) {
        slug -> Text,
        title -> Text,
        description -> Text,
        access -> Text,
        created_at -> Int8,
        updated_at -> Int8,
    }
}

diesel::table! {
    recovery_codes (account_id, digest) {
        account_id -> Int8,
        digest -> Bytea,
        digest_secret_id -> Text,
        created_at -> Int8,
        used_at -> Nullable<Int8>,
    }
}

diesel::table! {
    registry_files (serial, objects, format) {
        serial -> Int8,
        objects -> Text,
        format -> Text,
        file_id -> Int8,
    }
}

diesel::table! {
    registry_head (id) {
        id -> Int8,
        serial -> Int8,
        changed_at -> Int8,
    }
}

diesel::table! {
    reminder_progress (id) {
        id -> Int8,
        reached_at -> Int8,
    }
}

diesel::table! {
    replaced_secrets (api_key_id, number) {
        api_key_id -> Int8,
        number -> Int8,
        digest -> Bytea,
        digest_secret_id -> Text,
        replaced_at -> Int8,
        ends_at -> Int8,
    }
}

diesel::table! {
    report_editions (slug, edition) {
        slug -> Text,
        edition -> Text,
        file_id -> Int8,
        file_name -> Text,
        media_type -> Text,
        published_at -> Int8,
    }
}

diesel::table! {
    report_grants (id) {
        id -> Int8,
        slug -> Text,
        account_id -> Nullable<Int8>,
        organization -> Nullable<Text>,
        functions -> Nullable<Text>,
        until -> Nullable<Int8>,
        granted_at -> Int8,
        granted_by -> Text,
    }
}

diesel::table! {
    secret_last_uses (api_key_id, number) {
        api_key_id -> Int8,
        number -> Int8,
        used_at -> Int8,
    }
}

diesel::table! {
    sessions (id_digest) {
        id_digest -> Bytea,
        account_id -> Int8,
        state -> Text,
        created_at -> Int8,
        last_seen_at -> Int8,
        public_id -> Nullable<Int8>,
        signed_in_at -> Nullable<Int8>,
        address -> Text,
        client -> Text,
        pending_until -> Nullable<Int8>,
    }
}

diesel::table! {
    shared_providers (provider) {
        provider -> Text,
        access -> Text,
    }
}

diesel::table! {
    shown_code_forms (form_digest) {
        form_digest -> Bytea,
        account_id -> Int8,
        created_at -> Int8,
    }
}

diesel::table! {
    shown_forms (form_digest) {
        form_digest -> Bytea,
        account_id -> Int8,
        api_key_id -> Int8,
        created_at -> Int8,
    }
}

diesel::table! {
    stored_file_chunks (file_id, number) {
        file_id -> Int8,
        number -> Int8,
        bytes -> Bytea,
    }
}

diesel::table! {
    stored_files (id) {
        id -> Int8,
        size -> Int8,
        sha256 -> Nullable<Bytea>,
        created_at -> Int8,
        written_at -> Int8,
        complete_at -> Nullable<Int8>,
        unused_since -> Nullable<Int8>,
    }
}

diesel::table! {
    throttles (bucket) {
        bucket -> Text,
        window_ends_at -> Int8,
        taken -> Int8,
    }
}

diesel::table! {
    ticket_attachments (ticket, message, number) {
        ticket -> Text,
        message -> Int8,
        number -> Int8,
        file_name -> Text,
        file_id -> Int8,
    }
}

diesel::table! {
    ticket_messages (ticket, number) {
        ticket -> Text,
        number -> Int8,
        subject -> Text,
        text -> Text,
        category -> Text,
        author -> Text,
        created_at -> Int8,
    }
}

diesel::table! {
    tickets (number) {
        number -> Text,
        kind -> Text,
        status -> Text,
        resolution -> Nullable<Text>,
        account_id -> Nullable<Int8>,
        contact -> Nullable<Text>,
        network -> Nullable<Text>,
        organization -> Nullable<Text>,
        request -> Nullable<Text>,
        once_key -> Nullable<Text>,
        assignee_id -> Nullable<Int8>,
        assignee -> Nullable<Text>,
        is_kept -> Bool,
        wants_mail -> Bool,
        tries -> Int8,
        try_at -> Nullable<Int8>,
        created_at -> Int8,
        updated_at -> Int8,
        resolved_at -> Nullable<Int8>,
        closed_at -> Nullable<Int8>,
    }
}

diesel::table! {
    token_days (api_key_id, day, provider) {
        api_key_id -> Int8,
        day -> Int8,
        provider -> Text,
        calls -> Int8,
        input_tokens -> Int8,
        output_tokens -> Int8,
    }
}

diesel::table! {
    totp_secrets (account_id) {
        account_id -> Int8,
        sealed -> Bytea,
        confirmed_at -> Int8,
        last_used_step -> Int8,
    }
}

diesel::table! {
    unwanted_mails (account_id, kind) {
        account_id -> Int8,
        kind -> Text,
    }
}

diesel::table! {
    usage_days (api_key_id, day, outcome) {
        api_key_id -> Int8,
        day -> Int8,
        outcome -> Int8,
        requests -> Int8,
    }
}

diesel::table! {
    usage_minutes (api_key_id, minute, outcome) {
        api_key_id -> Int8,
        minute -> Int8,
        outcome -> Int8,
        requests -> Int8,
    }
}

diesel::table! {
    usage_open_minutes (api_key_id, minute, outcome) {
        api_key_id -> Int8,
        minute -> Int8,
        outcome -> Int8,
        requests -> Int8,
    }
}

diesel::table! {
    verification_changes (id) {
        id -> Int8,
        epoch -> Int8,
        nonce -> Int8,
        api_key_id -> Nullable<Int8>,
        account_id -> Nullable<Int8>,
    }
}

diesel::table! {
    verification_epoch (id) {
        id -> Int8,
        epoch -> Int8,
        nonce -> Int8,
    }
}

diesel::joinable!(api_key_last_uses -> api_keys (api_key_id));
diesel::joinable!(api_keys -> accounts (account_id));
diesel::joinable!(contact_emails -> contacts (contact));
diesel::joinable!(contact_links -> accounts (account_id));
diesel::joinable!(contact_links -> contacts (contact));
diesel::joinable!(contact_phones -> contacts (contact));
diesel::joinable!(custom_providers -> accounts (account_id));
diesel::joinable!(customers -> organizations (organization));
diesel::joinable!(idempotency_keys -> accounts (account_id));
diesel::joinable!(idempotency_keys -> api_keys (api_key_id));
diesel::joinable!(known_devices -> accounts (account_id));
diesel::joinable!(link_requests -> accounts (account_id));
diesel::joinable!(link_requests -> contacts (contact));
diesel::joinable!(mails -> accounts (account_id));
diesel::joinable!(network_contacts -> contacts (contact));
diesel::joinable!(network_contacts -> networks (network));
diesel::joinable!(networks -> customers (customer));
diesel::joinable!(networks -> organizations (organization));
diesel::joinable!(one_time_links -> accounts (account_id));
diesel::joinable!(organization_contacts -> contacts (contact));
diesel::joinable!(organization_contacts -> organizations (organization));
diesel::joinable!(passkey_ceremonies -> accounts (account_id));
diesel::joinable!(passkeys -> accounts (account_id));
diesel::joinable!(provider_grants -> accounts (account_id));
diesel::joinable!(provider_keys -> accounts (account_id));
diesel::joinable!(recovery_codes -> accounts (account_id));
diesel::joinable!(registry_files -> stored_files (file_id));
diesel::joinable!(replaced_secrets -> api_keys (api_key_id));
diesel::joinable!(report_editions -> published_reports (slug));
diesel::joinable!(report_editions -> stored_files (file_id));
diesel::joinable!(report_grants -> accounts (account_id));
diesel::joinable!(report_grants -> organizations (organization));
diesel::joinable!(sessions -> accounts (account_id));
diesel::joinable!(shown_code_forms -> accounts (account_id));
diesel::joinable!(shown_forms -> accounts (account_id));
diesel::joinable!(shown_forms -> api_keys (api_key_id));
diesel::joinable!(stored_file_chunks -> stored_files (file_id));
diesel::joinable!(ticket_attachments -> stored_files (file_id));
diesel::joinable!(ticket_messages -> tickets (ticket));
diesel::joinable!(tickets -> accounts (account_id));
diesel::joinable!(totp_secrets -> accounts (account_id));
diesel::joinable!(unwanted_mails -> accounts (account_id));
