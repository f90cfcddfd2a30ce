"""ResNet-50 features by PyTorch and cuDNN: images a second on an accelerator, beside the same machine's cores (docs/performance.md)."""
import time

import torch
import torchvision
print(torch.__version__, torchvision.__version__, torch.cuda.get_device_name(0))
torch.manual_seed(0)
net = torchvision.models.resnet50(weights=None).eval()
net.fc = torch.nn.Identity(); net.avgpool = torch.nn.Identity()
body = torch.nn.Sequential(*[m for n, m in net.named_children() if n not in ("fc", "avgpool")]).eval()
x = torch.randn(64, 3, 224, 224)
def rate(f, n, sync):
    f(); f(); sync()
    best = []
    for _ in range(n):
        t = time.perf_counter(); f(); sync(); best.append(time.perf_counter() - t)
    best.sort()
    return 64 / best[len(best)//2]
with torch.inference_mode():
    for tf32 in (False, True):
        torch.backends.cuda.matmul.allow_tf32 = tf32; torch.backends.cudnn.allow_tf32 = tf32
        torch.backends.cudnn.benchmark = True
        g = body.cuda(); y = x.cuda()
        print("gpu", "tf32" if tf32 else "fp32", round(rate(lambda: g(y), 20, torch.cuda.synchronize)), "images/s, without transfers")
        g = g.to(memory_format=torch.channels_last); y = y.to(memory_format=torch.channels_last)
        print("gpu channels_last", "tf32" if tf32 else "fp32", round(rate(lambda: g(y), 20, torch.cuda.synchronize)), "images/s, without transfers")
        h = x.pin_memory()
        def whole():
            z = g(h.cuda(non_blocking=True)); z.cpu()
        print("gpu with pictures there and maps back", round(rate(whole, 10, torch.cuda.synchronize)), "images/s")
    c = body.cpu().to(memory_format=torch.contiguous_format)
    for t in (2, 16):
        torch.set_num_threads(t)
        print("cpu", t, "threads", round(rate(lambda: c(x), 3, lambda: None), 1), "images/s")
    # determinism: same bits for batch 16 and 64?
    g = body.cuda(); torch.backends.cudnn.allow_tf32 = False; torch.backends.cuda.matmul.allow_tf32 = False; torch.backends.cudnn.benchmark = False
    a = g(x.cuda()); b = torch.cat([g(x[i:i+16].cuda()) for i in range(0, 64, 16)])
    print("same bits for batches of 64 and 16:", torch.equal(a, b), "largest difference", float((a-b).abs().max()), "of", float(a.abs().max()))
