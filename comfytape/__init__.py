"""comfytape records what a RunPod + ComfyUI endpoint really says, holds it to a contract, and replays it offline."""
