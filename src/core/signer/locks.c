#include "core/signer/signer_state.h"

void signer_read_lock(struct signer *signer)
{
    must(pthread_rwlock_rdlock(&signer->lock) == 0);
}

void signer_write_lock(struct signer *signer)
{
    must(pthread_rwlock_wrlock(&signer->lock) == 0);
}

void signer_unlock(struct signer *signer)
{
    must(pthread_rwlock_unlock(&signer->lock) == 0);
}

void signer_lock_ledger(struct signer *signer)
{
    must(pthread_mutex_lock(&signer->ledger) == 0);
}

void signer_unlock_ledger(struct signer *signer)
{
    must(pthread_mutex_unlock(&signer->ledger) == 0);
}

void signer_lock_desk(struct signer *signer)
{
    must(pthread_mutex_lock(&signer->desk) == 0);
}

void signer_unlock_desk(struct signer *signer)
{
    must(pthread_mutex_unlock(&signer->desk) == 0);
}
