"""The wires of Alibaba Cloud's DashScope (Model Studio): Qwen-ASR-Realtime, and the task protocol."""
