import { sh } from '../sh.ts';

/**
 * The walk where the scanner says what it expects (see core/ask.ts) and the instance has a memory file system to
 * work in: all entries in byte order of their paths, cut into buckets of about a hundred, one digest a bucket; only
 * buckets that are not expected are sent. `quick` compares what stat says and hashes only the files of buckets where
 * that differs; `full` hashes everything first and compares what the manifest holds. `metadata` hashes nothing.
 *
 * Scratch is a private directory on the tmpfs /dev/shm, never a disk. It is removed by a process that does nothing but
 * wait for the end of this one, however it ends (watch-question.ts). Its name carries the program's process id.
 *
 * Odd names (control characters or a backslash in the path or in the target of a link) are left to the other walk: here
 * a record is a line, and TAB parts its fields.
 *
 * Records: `s salt` which question this answers; `k n` another n files were hashed; `b n` so many were not: the budget ran
 * out; `t path` was changed after the walk began; `G n` with n bytes of gzip, or `P n` with n bytes as they are, of these
 * lines: `= first count` buckets as expected; `! n` and the n entries of a bucket, `path TAB y mode uid gid size sha256
 * caps[ link] TAB mtime ctime inode`; `S` and one `n digest` a bucket, the digest of what stat says, for the next quick
 * scan; `.` the end.
 *
 * The cut and the digests are computed on the scanner too: fingerprint/buckets.ts. A test holds the two together.
 */
export const bucketsQuestion = sh`
SF_ODD=$(printf '*[\001-\037\177\\\\]*.'); SF_ODD=\${SF_ODD%.}
SF_ROOT=$R
# how find ends what it says of what is neither closed nor gone, and yet cannot be read: what is below is unknown. In the words of glibc, musl
# and busybox; only at the end, because a name may hold any of them
SF_ILL=': (Input/output error|I/O error|Too many open files( in system)?|No file descriptors available|Cannot allocate memory|[Oo]ut of memory|memory exhausted|Structure needs cleaning|Data consistency error|Bad message)$'
# path p to h, 0 = a cut behind it; the slashes before it because awks differ in substr before the first character
SF_CUT='q="/////////////" p;n=length(q);h=(n*31+o[substr(q,n-1,1)]*37+o[substr(q,n-4,1)]*41+o[substr(q,n-6,1)]*101+o[substr(q,n-8,1)]*43+o[substr(q,int(n/2),1)]*47+o[substr(q,int(n/3),1)]*53+o[substr(q,int(n*2/3),1)]*59+o[substr(q,int(n*3/4),1)]*61+o[substr(q,n-12,1)]*67)%8191%101'
SF_TABLE='for(i=1;i<256;i++)o[sprintf("%c",i)]=(i*i*7+i*13)%1021'
SF_SUMS='case $SF_HASH in openssl) exec openssl dgst -sha256 -r "$@" ;; *) exec sha256sum "$@" ;; esac'
# the same to h$$, s = how it ended; p$$ says whom to end when it comes no further (watch-question.ts). Of our descriptors it keeps 8: the
# end waits for that
SF_TRY='{ eval "$SF_SUMS"; } >"h$$" 2>/dev/null 3<&- 4<&- 5<&- 6<&- 7<&- 9<&- & echo $! >"p$$"
wait $!; s=$?'
SF_ONCE='[ $# -gt 0 ] || exit 0; eval "$SF_TRY"; cat "h$$"; rm "h$$" "p$$"'
# names of the regular files to hash, in turn by thousands for one hasher or two: M the largest, B the most bytes
SF_NAMES='function give(p,st,a){if(M||B){split(st,a," ");if(M&&a[5]+0>M)return;if(B&&sum+a[5]>B){over++;return}sum+=a[5]}
print R p>(int((given++)/1000)%W?"nb":"na")}
BEGIN{M=ENVIRON["SF_LARGEST"]+0;B=ENVIRON["SF_MOST"]+0;W=ENVIRON["SF_WORKERS"]+0;R=ENVIRON["SF_ROOT"]}'
# one batch: digests, written when all are there; again, without what was changed, if the hasher was ended; which files were
# changed meanwhile, and nobody waits for that but the end; progress
SF_SUM_FILES='
[ $# -gt 0 ] || exit 0
[ "$SF_CPU" -lt 100 ] && begun=$(date +%s%N)
eval "$SF_TRY"
[ $s -lt 128 ] || { find "$@" -maxdepth 0 -type f \${SF_NOW:+! -newerct "@$SF_NOW"} -print0 | xargs -0 -n 4000 -s 1000000 sh -c "$SF_ONCE" sh >"r$$"; mv "r$$" "h$$"; } 2>/dev/null
[ "$SF_NOW" ] && find "$@" -maxdepth 0 -newerct "@$SF_NOW" -printf "t %p\0" >>"changed-$$" 2>/dev/null &
# lines that are no digests behind them: mawk reads whole blocks, and would wait for the next batch to give the last of this one;
# and a last line that is cut is not taken for the digest of a shorter name
cat "h$$"; rm "h$$" "p$$"; printf "%255s\n" . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . . .
# politeness: a pause in proportion to the work
[ "$SF_CPU" -lt 100 ] && sleep "$(awk "BEGIN{printf \"%.3f\",($(date +%s%N)-$begun)/1e9*(100-$SF_CPU)/$SF_CPU}")" 2>/dev/null
printf "k %s\0" $# >&5'
hash_names() {
  tr '\n' '\0' <"$1" | xargs -0 -n $([ "$SF_CPU" -lt 100 ] && echo 500 || echo 4000) -s 1000000 sh -c "$SF_SUM_FILES" sh
}
# lines of look to names with their type, for what prints attributes
SF_LOOK_ATTRS='awk "{t=index(\$0,\"\t\");y=substr(\$0,t+1,1);if(t&&index(\"fdbc\",y))print y ENVIRON[\"SF_ROOT\"] substr(\$0,1,t-1)}" look | eval "$SF_ATTRS"'
# is there a memory file system, and do the tools do what we need of them?
scratch() {
  shm=
  case $R in *\\* | *[[:cntrl:]]*) return 1 ;; esac
  [ "$SF_SCRATCH" = memory ] && [ $FIND = printf ] && [ $SF_HASH != none ] || return 1
  while read -r _ _ _ _ mp _ rest; do
    case "$mp \${rest#*- }" in "/dev/shm tmpfs "*) shm=1 ;; esac
  done </proc/self/mountinfo 2>/dev/null
  [ "$shm" ] || return 1
  [ "$(printf '/\303\251/b cd/xyz-12.so\n' | awk "BEGIN{$SF_TABLE}{p=\$0;$SF_CUT;print h,n}" 2>/dev/null)" = '15 31' ] || return 1
  # the second one's pipe is opened by its name: in ksh93 it is a socket, which cannot be
  SF_WORKERS=1
  [ "$SF_CPU" -ge 100 ] && true | { true </proc/self/fd/0; } 2>/dev/null && [ "$(nproc 2>/dev/null)" -gt 1 ] 2>/dev/null && SF_WORKERS=2
  SF_DIR=$(mktemp -u -d /dev/shm/.snowfence-$$-XXXXXXXXXX 2>/dev/null) && [ "$SF_DIR" ]
}
# sums PREFIX: digests of the numbered files, 16 hex digits a line
sums() {
  awk -v c=$1 'END{for(i=1;i<=NR;i++)print c i}' counts | xargs -n 2000 sh -c "$SF_SUMS" sh | cut -c1-16
}
# choose: numbers of the buckets that are not as expected, or to be hashed again, or hold a file that is not what it was
choose() {
  : >checks
  awk 'BEGIN{while((getline l<"expect")>0){n=index(l," ");if(n)e[substr(l,1,n-1)]=substr(l,n+1);else e[l]=""}}
!($1 in e){print NR;next}
e[$1]!=""&&!index(e[$1],"="){print NR;next}
e[$1]!=""{m=split(e[$1],w," ");f="s" NR;getline l<f;i=0
for(j=1;j<=m;j++){split(w[j],v,"=");while(i<v[1]+0&&(getline l<f)>0)i++
print NR "\t" v[2] "\t" ENVIRON["SF_ROOT"] substr(l,1,index(l,"\t")-1)>"checks"}close(f)}' sd >todo || return 1
  [ -s checks ] || return 0
  cut -f 3 checks | tr '\n' '\0' | xargs -0 -n 2000 sh -c "$SF_ONCE" sh 2>/dev/null | awk '
BEGIN{more=(getline d)>0
while((getline l<"checks")>0){split(l,w,"\t");while(more&&substr(d,67)<w[3])more=(getline d)>0
if(!more||substr(d,67)!=w[3]||substr(d,1,64)!=w[2])print w[1]}}' >>todo || return 1
  sort -n -u -o todo todo
}
walk_buckets() {
  cd "$SF_DIR" && : >na && : >nb || return 1
  # before anything is looked at: what is changed from now on may be read in two states
  SF_NOW=$(date +%s.%N); case $SF_NOW in *N* | *.) SF_NOW= ;; esac
  sed '/^\.$/q' <&3 >expect
  [ "$(tail -n 1 expect)" = . ] || return 1
  # s1 s2 ...: what stat says, a file a bucket; counts: entries in each; every: all of it, \001 and its number before each bucket
  { find "$R/" "$@" \( -name "$SF_ODD" -o -lname "$SF_ODD" \) -fprintf odd x -prune -o \
      -type f -links +1 -printf '/%P\t%y %m %U %G %s %T@ %C@ %i\t\t%n\n' -o -type f -printf '/%P\t%y %m %U %G %s %T@ %C@ %i\t\n' -o \
      -type d -printf '/%P\t%y %m %U %G - - - %i\t\n' -o -printf '/%P\t%y %m %U %G - %T@ %C@ %i\t%l\n' 2>errors
    [ $? -lt 126 ] || : >failed
    [ ! -s errors ] || ! grep -qE "$SF_ILL" errors || : >failed; } | { sort -S 64M -T . || : >failed; } | awk "$SF_NAMES"'
BEGIN{'"$SF_TABLE"';S=ENVIRON["SF_SALT"];full=ENVIRON["SF_DEPTH"]=="full"
while((getline l)>0){if(!c){k++;f="s" k;print S>f;print "\001" k>"every"}
print l>"every";n=split(l,w,"\t");p=w[1];print (n>3?p "\t" w[2] "\t" w[3]:l)>f;c++
if(full&&substr(w[2],1,1)=="f")give(p,w[2])
'"$SF_CUT"'
if(h==0||c==1024){close(f);print c;c=0}}
if(c)print c
if(over)print over>"over"}' >counts || return 1
  [ ! -e failed ] && [ -s counts ] || return 1
  # is there room for twice as much, and memory for four times?
  { du -sk .; df -Pk .; } | awk 'NR==1{used=$1}{room=$4}
END{while((getline l<"/proc/meminfo")>0)if(l~/^MemAvailable:/){split(l,w," ");free=w[2]}
exit !(used>0&&room>used*2&&free>used*4)}' || return 1
  # look: those buckets of every whose files are to be hashed
  [ $SF_DEPTH = full ] && [ $SF_REMEMBER = no ] || sums s >sd
  if [ $SF_DEPTH = full ]; then mv every look
  else
    choose || return 1
    awk 'BEGIN{while((getline k<"todo")>0)t["\001" k]=1}/^\001/{on=$0 in t}on' every >look
    rm every
    [ $SF_DEPTH = metadata ] || awk -F'\t' "$SF_NAMES"'$2~/^f/{give($1,$2)}END{if(over)print over>"over"}' look || return 1
  fi
  SF_ATTRS_OF=; [ $SF_CAPS = none ] || SF_ATTRS_OF=$SF_LOOK_ATTRS
  export SF_NOW SF_ATTRS_OF
  # digests, what else the files have, and look, all in the order of look, to
  # c1 c2 ...: what a manifest holds, a file a bucket. Changed are those whose ctime is newer than the begin.
  { { [ ! -s nb ] || hash_names nb; } | { hash_names na 9<&- | SF_LF=1 awk '
function attrs(q,l,i){while(A&&at<q){if((C|getline l)<1)exit 1
if(substr(l,1,1)=="c"){l=substr(l,3);i=index(l," ");value=substr(l,1,i-1);at=substr(l,i+1)}
else{value="";at=substr(l,3)}}
return at==q?value:""}
function name(f,l){return (getline l<f)>0?l:""}
function digest(q,v){v="?"
if(q==na){na=name("na");while(!ea&&substr(da,67)<q)if((getline da)<1)ea=1
if(!ea&&substr(da,67)==q)v=substr(da,1,64)}
else if(q==nb){nb=name("nb");while(!eb&&substr(db,67)<q)if((getline db<"/proc/self/fd/9")<1)eb=1
if(!eb&&substr(db,67)==q)v=substr(db,1,64)}
return v}
BEGIN{R=ENVIRON["SF_ROOT"];S=ENVIRON["SF_SALT"];C=ENVIRON["SF_ATTRS_OF"];A=C!="";na=name("na");nb=name("nb")
while((getline l<"look")>0){
if(substr(l,1,1)=="\001"){if(g)close(g);g="c" substr(l,2);print S>g;continue}
n=split(l,w,"\t");split(w[2],a," ");q=R w[1];y=a[1];x=index("fdbc",y)?attrs(q):"";s="- -"
if(y=="f"){s=a[5] " " digest(q);if(n>3)x=x (x==""?"":"+") "links=" w[4]}
print w[1] "\t" y " " a[2] " " a[3] " " a[4] " " s " " (x==""?"-":x) (y=="l"?" " w[3]:"")>g}
print "done">"paired"}'; } 9<&0 </dev/null; } 8>&1 | cat >/dev/null
  [ -s paired ] || return 1
  cat changed-* 2>/dev/null
  [ -s over ] && printf 'b %s\0' "$(cat over)"
  rm look
  if [ $SF_DEPTH = full ]; then sums c >digests
  else
    # hashed again although stat says nothing: what they hold, behind what stat says
    awk 'BEGIN{while((getline l<"expect")>0)if(split(l,a," ")>1)e[a[1]]=1;while((getline l<"todo")>0)t[l]=1}(NR in t)&&($1 in e){print "c" NR}' sd >again
    : >held; [ ! -s again ] || xargs -n 2000 sh -c "$SF_SUMS" sh <again | cut -c1-16 >held
    awk 'BEGIN{while((getline l<"again")>0)c[l]=" " ((getline d<"held")>0?d:"?")}{print $1 c["c" NR]}' sd >digests
  fi
  awk -v remember=$SF_REMEMBER -v depth=$SF_DEPTH '
function flush(){if(run)print "= " first" "last-first+1;run=0}
BEGIN{while((getline l<"expect")>0)if(l!=".")at[index(l,"=")?substr(l,1,index(l," ")-1):l]=++m
while((getline l<"counts")>0)count[++K]=l
while((getline l<"digests")>0)sum[++D]=l
if(D!=K)exit 1
for(k=1;k<=K;k++){i=at[sum[k]]
if(i){if(run&&i==last+1)last=i;else{flush();first=last=i;run=1};continue}
flush();print "! " count[k];f="s" k;g="c" k;getline x<f;getline y<g;n=0
while((getline y<g)>0&&(getline x<f)>0){split(substr(x,index(x,"\t")+1),a," ");z=a[8];sub(/\t.*/,"",z);print y"\t"a[6]" "a[7]" "z;n++}
close(f);close(g);if(n!=count[k])exit 1}
flush()
if(remember=="yes"&&depth=="full"){print "S";k=0;while((getline l<"sd")>0)print count[++k]" "l;if(k!=K)exit 1}
print "."}' >lines || return 1
  if gzip -1 <lines >packed 2>/dev/null && [ -s packed ]; then kind=G; else kind=P; mv lines packed || return 1; fi
  printf '%s %s\0' $kind "$(wc -c <packed)"
  cat packed
}
`;
