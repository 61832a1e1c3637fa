"""Stripe's objects, complete: every member that the published schema requires, and those that shops read."""

from __future__ import annotations

from typing import Any

from tests.providers.books import Json

_NO_ADDRESS = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
_SESSION: Json = {
    "object": "checkout.session",
    "adaptive_pricing": {"enabled": False},
    "after_expiration": None,
    "allow_promotion_codes": None,
    "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
    "billing_address_collection": None,
    "client_secret": None,
    "collected_information": None,
    "consent": None,
    "consent_collection": None,
    "currency_conversion": None,
    "custom_fields": [],
    "custom_text": dict.fromkeys(
        ("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")
    ),
    "customer": None,
    "customer_account": None,
    "customer_creation": "if_required",
    "customer_details": None,
    "customer_email": None,
    "discounts": [],
    "integration_identifier": None,
    "invoice": None,
    "invoice_creation": None,
    "livemode": False,
    "locale": None,
    "mode": "payment",
    "origin_context": None,
    "payment_intent": None,
    "payment_link": None,
    "payment_method_collection": "if_required",
    "payment_method_configuration_details": None,
    "payment_method_options": {},
    "payment_status": "unpaid",
    "permissions": None,
    "phone_number_collection": {"enabled": False},
    "recovered_from": None,
    "saved_payment_method_options": None,
    "setup_intent": None,
    "shipping_address_collection": None,
    "shipping_cost": None,
    "shipping_options": [],
    "status": "open",
    "submit_type": None,
    "subscription": None,
    "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    "ui_mode": "hosted_page",
    "wallet_options": None,
}
_INTENT: Json = {
    "object": "payment_intent",
    "amount_capturable": 0,
    "amount_details": {"tip": {}},
    "amount_received": 0,
    "application": None,
    "application_fee_amount": None,
    "automatic_payment_methods": None,
    "canceled_at": None,
    "cancellation_reason": None,
    "confirmation_method": "automatic",
    "customer": None,
    "customer_account": None,
    "description": None,
    "excluded_payment_method_types": None,
    "last_payment_error": None,
    "latest_charge": None,
    "livemode": False,
    "next_action": None,
    "on_behalf_of": None,
    "payment_method": None,
    "payment_method_configuration_details": None,
    "payment_method_options": {},
    "processing": None,
    "receipt_email": None,
    "review": None,
    "setup_future_usage": None,
    "shipping": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "status": "requires_payment_method",
    "transfer_data": None,
    "transfer_group": None,
}
_CHARGE: Json = {
    "object": "charge",
    "amount_captured": 0,
    "amount_refunded": 0,
    "application": None,
    "application_fee": None,
    "application_fee_amount": None,
    "balance_transaction": None,
    "calculated_statement_descriptor": "PRINTAPIC",
    "captured": False,
    "customer": None,
    "description": None,
    "disputed": False,
    "failure_balance_transaction": None,
    "failure_code": None,
    "failure_message": None,
    "fraud_details": {},
    "livemode": False,
    "on_behalf_of": None,
    "paid": False,
    "receipt_email": None,
    "receipt_number": None,
    "receipt_url": None,
    "refunded": False,
    "review": None,
    "shipping": None,
    "source_transfer": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "transfer_data": None,
    "transfer_group": None,
}
_REFUND: Json = {
    "object": "refund",
    "balance_transaction": None,
    "reason": None,
    "receipt_number": None,
    "source_transfer_reversal": None,
    "transfer_reversal": None,
}
_EVIDENCE = dict.fromkeys(
    (
        "access_activity_log billing_address cancellation_policy cancellation_policy_disclosure"
        " cancellation_rebuttal customer_communication customer_email_address customer_name"
        " customer_purchase_ip customer_signature duplicate_charge_documentation"
        " duplicate_charge_explanation duplicate_charge_id product_description receipt refund_policy"
        " refund_policy_disclosure refund_refusal_explanation service_date service_documentation"
        " shipping_address shipping_carrier shipping_date shipping_documentation shipping_tracking_number"
        " uncategorized_file uncategorized_text"
    ).split()
)
_PAYOUT: Json = {
    "object": "payout",
    "application_fee": None,
    "application_fee_amount": None,
    "automatic": False,
    "description": "STRIPE PAYOUT",
    "destination": "ba_printapic",
    "failure_balance_transaction": None,
    "failure_code": None,
    "failure_message": None,
    "livemode": False,
    "metadata": {},
    "method": "standard",
    "original_payout": None,
    "payout_method": None,
    "reconciliation_status": "not_applicable",
    "reversed_by": None,
    "source_type": "card",
    "statement_descriptor": None,
    "status": "paid",
    "trace_id": None,
    "type": "bank_account",
}


def session(**known: Any) -> Json:
    return {**_SESSION, **known}


def intent(**known: Any) -> Json:
    return {**_INTENT, **known}


def charge(**known: Any) -> Json:
    nobody = {"address": _NO_ADDRESS, "email": None, "name": None, "phone": None, "tax_id": None}
    return {**_CHARGE, "billing_details": nobody, **known}


def refund(**known: Any) -> Json:
    return {**_REFUND, **known}


def payout(**known: Any) -> Json:
    return {**_PAYOUT, **known}


def dispute(*, due_by: int, **known: Any) -> Json:
    return {
        "object": "dispute",
        "balance_transactions": [],
        "enhanced_eligibility_types": [],
        "evidence": {**_EVIDENCE, "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": due_by,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "livemode": False,
        "metadata": {},
        "reason": "fraudulent",
        **known,
    }


def customer_details(country: str = "DE") -> Json:
    return {
        "address": {**_NO_ADDRESS, "country": country},
        "business_name": None,
        "email": "jenny.rosen@example.com",
        "individual_name": None,
        "name": "Jenny Rosen",
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }


def card(*, authorized: int | None = None, capture_before: int | None = None) -> Json:
    """How a card paid; the bank holds an authorization until `capture_before`."""
    details: Json = {
        "amount_authorized": authorized,
        "authorization_code": None,
        "brand": "visa",
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "DE",
        "exp_month": 8,
        "exp_year": 2030,
        "fingerprint": "AbCdEfGhIjKlMnOp",
        "funding": "credit",
        "installments": None,
        "last4": "4242",
        "mandate": None,
        "network": "visa",
        "network_token": {"used": False},
        "network_transaction_id": None,
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "wallet": None,
    }
    if capture_before is not None:
        details["capture_before"] = capture_before
    return {"card": details, "type": "card"}


def sepa_debit() -> Json:
    account = {"bank_code": "37040044", "branch_code": "", "country": "DE", "last4": "3000"}
    return {
        "sepa_debit": {**account, "fingerprint": "AbCdEfGhIjKlMnOp", "mandate": "mandate_printapic"},
        "type": "sepa_debit",
    }


def outcome(*, approved: bool, delayed: bool = False) -> Json:
    """What the bank and the risk check said."""
    return {
        "advice_code": None if approved else "try_again_later",
        "network_advice_code": None,
        "network_decline_code": None if approved else "01",
        "network_status": "approved_by_network" if approved else "declined_by_network",
        "reason": None if approved else "generic_decline",
        "risk_level": "not_assessed" if delayed else "normal",
        "seller_message": "Payment complete." if approved else "The bank did not return any further details.",
        "type": "authorized" if approved else "issuer_declined",
    }
