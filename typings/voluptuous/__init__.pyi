from probatio import *  # noqa: F403 - all that probatio has, voluptuous has here
from probatio import Schema as Schema
