"""The wires of FunASR's servers: the runtime's 2pass protocol, and the text commands of the newer one."""
