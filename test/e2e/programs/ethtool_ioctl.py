# What: SIOCETHTOOL: what it reads and changes of a veth and of lo, byte for byte. Needs v0 and v1, a pair that is up, without IPv6.
import socket,fcntl,struct,ctypes,sys,os
s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)
def call(dev,data,size=None):
    b=ctypes.create_string_buffer(data,max(len(data),size or len(data)))
    ifr=struct.pack('16sQ16x',dev.encode(),ctypes.addressof(b))
    try: r=fcntl.ioctl(s,0x8946,bytearray(ifr),True); return r,b.raw
    except OSError as e: return 'errno',e.errno
I=lambda *a: struct.pack('I'*len(a),*a)
def p(label,x): print(label,x[0],x[1].rstrip(b'\0').hex() if isinstance(x[1],bytes) else x[1])
for dev in ("v0", "lo", "nothing"):
    print('=',dev)
    x=call(dev,I(3),196); p('drv', (x[0], x[1][:36]+x[1][36:68].split(b'\0')[0].ljust(32, b'\0')+x[1][68:]) if isinstance(x[1],bytes) else x)
    for st in range(0,24): p('sset%d'%st,call(dev,I(0x37,0)+struct.pack('Q',1<<st),20))
    p('ssetall',call(dev,I(0x37,0)+struct.pack('Q',(1<<64)-1),16+4*64))
    for st in (1,4,9,2): 
        p('str%d'%st,call(dev,I(0x1b,st,0),12+32*130)); p('strn%d'%st,call(dev,I(0x1b,st,3),12+32*130)); p('strx%d'%st,call(dev,I(0x1b,st,64),12+32*130))
    p('stats0',call(dev,I(0x1d,0),8+8*40)); p('stats10',call(dev,I(0x1d,10),8+8*40)); p('stats3',call(dev,I(0x1d,3),8+8*40))
    for c in (0x0a,0x14,0x16,0x18,0x1e,0x21,0x23,0x25,0x2b,0x27,0x07,0x05,0x0e,0x10,0x12,0x4,0xb,0x2d,0x34,0x38,0x40,0x41,0x43,0x44,0x46,0x50,0x4a,0x1c,0x9,0x1a,0xd,0x3f): p('val%x'%c,call(dev,I(c),64))
    p('gset',call(dev,I(1),44)); 
    p('gls0',call(dev,I(0x4c),48+48)); p('gls4',call(dev,struct.pack('I11xb',0x4c,4),48+48)); p('gls5',call(dev,struct.pack('I11xb',0x4c,5),48+60))
    p('gfeat0',call(dev,I(0x3a,0),8)); p('gfeat1',call(dev,I(0x3a,1),8+16)); p('gfeat2',call(dev,I(0x3a,2),8+32)); p('gfeat3',call(dev,I(0x3a,3),8+48))
    p('gch',call(dev,I(0x3c),36))
    p('perm0',call(dev,I(0x20,0),40)); p('perm6',call(dev,I(0x20,6),40)); p('perm32',call(dev,I(0x20,32),40)); 
    p('ts',call(dev,I(0x41),44)); 
    # sets
    p('sgro1',call(dev,I(0x2c,1))); p('ggro',call(dev,I(0x2b),8)); p('sgro0',call(dev,I(0x2c,0)))
    p('stx0',call(dev,I(0x17,0))); p('gtx',call(dev,I(0x16),8)); p('gtso',call(dev,I(0x1e),8)); p('stx1',call(dev,I(0x17,1))); p('gtso',call(dev,I(0x1e),8))
    p('srx0',call(dev,I(0x15,0))); p('grx',call(dev,I(0x14),8)); p('srx1',call(dev,I(0x15,1)))
    p('ssg0',call(dev,I(0x19,0))); p('gsg',call(dev,I(0x18),8)); p('gtso',call(dev,I(0x1e),8)); p('ssg1',call(dev,I(0x19,1)))
    p('stso0',call(dev,I(0x1f,0))); p('gtso',call(dev,I(0x1e),8)); p('stso1',call(dev,I(0x1f,1)))
    p('sgso0',call(dev,I(0x24,0))); p('ggso',call(dev,I(0x23),8)); p('sgso1',call(dev,I(0x24,1)))
    p('gfl',call(dev,I(0x25),8)); 
    for fl in (0,0x180,1<<15,1<<27,0x80): p('sfl%x'%fl,call(dev,I(0x26,fl))); p('gfl',call(dev,I(0x25),8))
    p('sfl',call(dev,I(0x26,0x180)))
    p('sfeat0',call(dev,I(0x3b,0),8)); p('sfeat1',call(dev,I(0x3b,1, 1,0),16)); p('sfeat2 fixed',call(dev,I(0x3b,2, 0,0,1<<10,1<<10),24)); p('sfeat2 gro',call(dev,I(0x3b,2, 1<<14,1<<14,0,0),24));p('sfeat2 same',call(dev,I(0x3b,2, 1<<14,1<<14,0,0),24)); p('sfeat bad',call(dev,I(0x3b,2, 1<<10,0,0,0),24)); p('sfeat sgoff',call(dev,I(0x3b,2, 1,0,0,0),24)); p('gfeat2',call(dev,I(0x3a,2),8+32)); p('sfeat tso on w/o sg',call(dev,I(0x3b,2, 1<<16,1<<16,0,0),24)); p('sfeat sgon',call(dev,I(0x3b,2, 1,1,0,0),24))
    for a in ((2,1),(2,2),(3,1),(1,3),(0,1),(1,0),(1,1)): p('sch%s'%(a,),call(dev,I(0x3d,0,0,0,0,a[0],a[1],0,0))); p('gch',call(dev,I(0x3c),36))
    p('sch other',call(dev,I(0x3d,0,0,0,0,1,1,1,0))); p('sch comb',call(dev,I(0x3d,0,0,0,0,1,1,0,1))); p('sch comb2',call(dev,I(0x3d,0,0,0,0,0,0,0,1)))
    p('sls',call(dev,struct.pack('I11xb',0x4d,4)+b'\0'*80)); p('sset',call(dev,I(2)+b'\0'*40))
    p('unk',call(dev,I(0xfff)))
    p('nway',call(dev,I(9))); p('physid',call(dev,I(0x1c,0))); p('swol',call(dev,I(6)+b'\0'*20)); p('srng',call(dev,I(0x11)+b'\0'*40))
    ifr=struct.pack('16sQ16x',dev.encode(),0)
    try: print(fcntl.ioctl(s,0x8946,bytearray(ifr),True))
    except OSError as e: print(e)
