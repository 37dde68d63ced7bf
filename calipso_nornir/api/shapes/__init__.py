# SPDX-License-Identifier: Apache-2.0
"""What answers look like: models from which the OpenAPI document is made.

Answers are documents of the store. They are shown as they are, and not read into these models, so that a document that
another program or an older release has written is still shown. A test compares real answers with what is said here.
"""
