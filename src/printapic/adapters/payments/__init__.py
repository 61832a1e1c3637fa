"""Gateways to those who move the money, one package a provider."""
