import { sh } from '../sh.ts';

/**
 * What no option of find tells: file capabilities, access control lists, SELinux labels, immutable and append-only
 * flags, numbers of devices. `SF_ATTRS` is a command that reads NUL-terminated names, before each the letter of its type
 * (`f`, `d`, `b`, `c`), and prints a record `c ATTRIBUTES path` for each that has any, joined by `+` in this order: the capability
 * in hex, `acl=` and `dacl=` in hex, `selinux=LABEL`, `flags=a|i`, `dev=MAJOR:MINOR`. Needs perl or python3 with the system calls
 * themselves. At the end it says `~ ~`: without that, what has no attributes is not known to have none. Told to do so (`SF_LF`) it takes and
 * gives lines, and says `~ PATH` from time to time, how far it is.
 *
 * Numbers: xattr(7), acl(5) as Linux stores it (include/uapi/linux/posix_acl_xattr.h), ioctl_iflags(2) with 0x10
 * immutable and 0x20 append-only. Flags need the file to be opened, so they are asked where somebody would set them:
 * configuration, programs, homes, jobs.
 */
export const attributesQuestion = sh`
SF_PERL='
my($g,$l)=($ARGV[0],$ARGV[0]+3);@ARGV=();
my@k=qw(security.capability system.posix_acl_access system.posix_acl_default security.selinux);
my@n=("","acl=","dacl=","selinux=");
my$io=$ENV{SF_ARCH}=~/^(ppc|mips|sparc)/?0x40086601:0x80086601;
my$b="\0"x65536;my$n=0;my$out="";
my$e=$/=$ENV{SF_LF}?"\n":"\0";$|=1;
while(my$p=<STDIN>){chomp$p;my$y=substr($p,0,1,"");my@a;my$s=syscall($l,$p,$b,65536);
if($s>0){my$i=-1;for my$k(@k){$i++;next if index("\0".substr($b,0,$s),"\0$k\0")<0;
my($z,$v)=(-1);for my$w(4096,65536){$v="\0"x$w;$z=syscall($g,$p,my$c=$k,$v,$w);last if$z>=0}next if$z<=0;$v=substr($v,0,$z);
if($i==3){$v=~s/\0.*//s;push@a,"selinux=$v" if$v=~/^[\w:.,-]+\z/}else{push@a,$n[$i].unpack("H*",$v)}}}
my$m=$y ne"f"||$p=~m{/(?:etc|bin|sbin|root|home|opt|cron)/}?(lstat$p)[2]||0:0;
if(($m&0170000)==0100000){if($p=~m{/(?:etc|bin|sbin|root|home|opt|cron)/}&&sysopen(my$f,$p,2048)){
my$w=pack("L!",0);if(ioctl($f,$io,$w)){my$x=unpack("L!",$w);my$t=($x&32?"a":"").($x&16?"i":"");push@a,"flags=$t" if$t ne""}close$f}}
elsif(($m&0170000)==0060000||($m&0170000)==0020000){my$r=(lstat$p)[6];
push@a,"dev=".((($r>>8)&0xfff)|(($r>>32)&~0xfff)).":".(($r&0xff)|(($r>>12)&~0xff))}
$out.="c ".join("+",@a)." $p$e" if@a;
if(!(++$n&255)){$out.="~ $p$e" if$ENV{SF_LF};print$out;$out=""}}
print"$out~ ~$e"'
SF_PYTHON='
import os,sys,stat,struct,fcntl,re
o=sys.stdout.buffer
L=os.environ.get("SF_LF")
E=b"\n" if L else b"\0"
K=[("security.capability",""),("system.posix_acl_access","acl="),("system.posix_acl_default","dacl="),("security.selinux","selinux=")]
W=re.compile(b"/(etc|bin|sbin|root|home|opt|cron)/")
def names():
  r=b""
  while True:
    c=os.read(0,65536)
    if not c: break
    *l,r=(r+c).split(E)
    yield from l
  yield r
seen=0
for p in names():
  if not p: continue
  y,p=p[:1],p[1:]
  a=[]
  try:
    have=os.listxattr(p,follow_symlinks=False)
    for k,n in K:
      if k in have:
        v=os.getxattr(p,k,follow_symlinks=False)
        if n!="selinux=": a.append(n+v.hex())
        else:
          v=v.split(b"\0")[0].decode("ascii","replace")
          if re.match(r"[A-Za-z0-9_:.,-]+\Z",v): a.append(n+v)
  except OSError: pass
  try:
    s=os.lstat(p)
    if stat.S_ISREG(s.st_mode) and W.search(p):
      f=os.open(p,os.O_RDONLY|os.O_NONBLOCK|os.O_NOFOLLOW)
      try:
        x=struct.unpack("L",fcntl.ioctl(f,0x80086601,struct.pack("L",0)))[0]
        t=("a" if x&32 else "")+("i" if x&16 else "")
        if t: a.append("flags="+t)
      finally: os.close(f)
    if stat.S_ISBLK(s.st_mode) or stat.S_ISCHR(s.st_mode): a.append("dev=%d:%d"%(os.major(s.st_rdev),os.minor(s.st_rdev)))
  except OSError: pass
  if a: o.write(b"c "+"+".join(a).encode()+b" "+p+E)
  seen+=1
  if seen%256==0:
    if L: o.write(b"~ "+p+E)
    o.flush()
o.write(b"~ ~"+E)
o.flush()'
SF_ATTRS='case $SF_CAPS in
perl) perl -e "$SF_PERL" "$SF_CAPSNR" 2>/dev/null ;;
none) cat >/dev/null ;;
*) "$SF_CAPS" -c "$SF_PYTHON" 2>/dev/null ;;
esac'
SF_ARCH=$MACHINE
export SF_ARCH SF_PERL SF_PYTHON SF_ATTRS
`;
