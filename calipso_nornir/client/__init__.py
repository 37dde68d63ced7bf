# SPDX-License-Identifier: Apache-2.0
"""A client of the REST API, for programs that run elsewhere.

>>> from calipso_nornir.client import Calipso
>>> calipso = Calipso("https://calipso.example.com", token="calipso_…")  # doctest: +SKIP
>>> for vnic in calipso.objects("mycloud", type="vnic", host="cmp1"):  # doctest: +SKIP
...     print(vnic["name"])
"""

from calipso_nornir.client.calipso import Calipso
from calipso_nornir.client.problem import ApiProblem, ApiUnreachable

__all__ = ["ApiProblem", "ApiUnreachable", "Calipso"]
