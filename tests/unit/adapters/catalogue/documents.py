"""A price list small enough to be understood at a glance, with one of everything."""

from __future__ import annotations

SMALL = """
format = 1

[country_groups]
benelux = ["BE", "LU", "NL"]

[taxes.standard]
DE = "19"
FI = "25.5"

[[products]]
sku = "print-10x15"
name = "Print"
kind = "print"
paper = "Photo paper"
finish = "matt"
width_mm = 101.6
height_mm = 152.4
bleed_mm = 3
safe_mm = 4
dpi = 300
orientation = "either"
viewing_cm = 29
max_copies = 999
weight_g = 4
tax_class = "standard"
prices.EUR = { 50 = "0.23", 1 = "0.29" }
prices.JPY = { 1 = "45" }

[[products]]
sku = "canvas"
name = "Canvas"
kind = "canvas"
paper = "Canvas"
finish = "canvas"
width_mm = 300
height_mm = 400
bleed_mm = 40
safe_mm = 10
dpi = 150
orientation = "fixed"
bands = { inform_dpi = 160, warn_dpi = 90, block_dpi = 60 }
colour_profile = "adobe-rgb"
max_copies = 20
weight_g = 650
tax_class = "standard"
prices.EUR = { 1 = "29.90" }

[[shipping_methods]]
code = "standard"
name = "Standard"
min_days = 2
max_days = 4

[[shipping_methods.zones]]
countries = ["DE", "benelux"]
bands = [
    { max_weight_g = 500, prices = { EUR = "2.95" } },
    { max_weight_g = 2000, prices = { EUR = "4.95", JPY = "800" } },
]

[[shipping_methods.zones]]
countries = ["*"]
bands = [{ max_weight_g = 500, prices = { EUR = "0.00" } }]
"""
