"""People and computers in Active Directory: its names, its reasons, and MS-CHAP through Samba's ntlm_auth."""
