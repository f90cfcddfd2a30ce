# An independent restatement of Value.canonicalBytes and RandomSource: prints the numbers pinned in the tests.
import hashlib,struct,math
def canon(v):
    if v is None: return b'n'
    if v is True: return b't'
    if v is False: return b'f'
    if isinstance(v,float):
        if v==int(v) : v=int(v)
        else: return b'd'+struct.pack('>d',v)
    if isinstance(v,int): return b'i'+struct.pack('>q',v)
    if isinstance(v,str):
        b=v.encode(); return b's'+struct.pack('>Q',len(b))+b
    if isinstance(v,list): return b'a'+struct.pack('>Q',len(v))+b''.join(map(canon,v))
    o=b'o'+struct.pack('>Q',len(v))
    for k in sorted(v,key=lambda k:k.encode()):
        b=k.encode(); o+=struct.pack('>Q',len(b))+b+canon(v[k])
    return o
s={"b":[1,2.5,None,True,"x\n\"é"],"a":{"nested":{},"empty":[]},"é":-3,"z":1e-5}
print(hashlib.sha256(canon(s)).hexdigest())
M=2**64-1
rotl=lambda x,k:((x<<k)|(x>>(64-k)))&M
class R:
    def __init__(self,seed,stream):
        d=hashlib.sha256(canon(["xoshiro256**",str(seed),stream])).digest()
        self.s=list(struct.unpack('>4Q',d)); self.spare=None
    def next(self):
        s=self.s; r=rotl(s[1]*5&M,7)*9&M; t=s[1]<<17&M
        s[2]^=s[0]; s[3]^=s[1]; s[1]^=s[2]; s[0]^=s[3]; s[2]^=t; s[3]=rotl(s[3],45); return r
    def uniform(self): return (self.next()>>11)*2.0**-53
    def normal(self):
        if self.spare is not None: r=self.spare; self.spare=None; return r
        while True:
            x=2*self.uniform()-1; y=2*self.uniform()-1; q=x*x+y*y
            if not 0<q<1: continue
            m,e=math.frexp(q); m*=2; e-=1
            if m>1.4142135623730951: m/=2; e+=1
            r=(m-1)/(m+1); r2=r*r; S=0.0
            for d in range(21,0,-2): S=S*r2+1/d
            lg=e*0.6931471805599453+2*r*S
            assert abs(lg-math.log(q))<=3e-15*max(1,abs(lg)),(lg,math.log(q))
            sc=math.sqrt(-2*lg/q); self.spare=y*sc; return x*sc
    def below(self,n):
        p=self.next()*n
        if p&M<n:
            rej=(2**64-n)%n
            while p&M<rej: p=self.next()*n
        return p>>64
    def shuffle(self,a):
        for i in range(len(a)-1,0,-1):
            j=self.below(i+1); a[i],a[j]=a[j],a[i]
b=lambda f:struct.unpack('>Q',struct.pack('>d',f))[0]
r=R(7,"shuffle")
pins=dict(NEXT=[r.next() for _ in range(3)],UNIFORM=[b(r.uniform()) for _ in range(3)],NORMAL=[b(r.normal()) for _ in range(3)],BELOW=[r.below(10) for _ in range(8)])
a=list(range(10)); r.shuffle(a); pins['ORDER']=a
print(pins)
q=R(1,'t'); [q.normal() for _ in range(100000)]
